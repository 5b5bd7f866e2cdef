// axe finds nothing on any page, light or dark.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { crawl, shape } from './crawl';
import { expect, test } from './sallyport';
import { action, choose, field, generateKey, hydrated, issueKey, openPanel, openSetup, person, portalWithApp, send, setUp, signIn } from './steps';

async function check(page: Page, where: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page });
    // The themes differ in colours alone.
    if (colorScheme === 'light') axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
    else axe.withRules(['color-contrast', 'link-in-text-block']);
    const { violations } = await axe.analyze();
    const found = violations.map(v => `${v.id}: ${v.help}\n${v.nodes.map(n => `  ${n.target} ${n.failureSummary}`).join('\n')}`);
    expect.soft(found, `${where}, ${colorScheme}`).toEqual([]);
  }
}

test('before anyone is signed in', async ({ page, context }) => {
  await openSetup(page);
  await check(page, 'setup');
  await page.getByRole('button', { name: 'Create account' }).click();
  await check(page, 'setup, refused');
  await setUp(page);
  await check(page, 'first organization');
  await context.clearCookies();
  await page.goto('/nothing/here');
  await check(page, 'not found, signed out');
  for (let attempt = 0; attempt < 5; attempt++) await send(page, '/sign-in', { email: person.email, password: 'a guess' });
  await page.goto('/sign-in');
  await check(page, 'sign-in');
  const answered = page.waitForResponse(response => response.request().method() === 'POST');
  await signIn(page);
  expect((await answered).status()).toBe(429);
  await check(page, 'sign-in, too often');
});

test('empty lists, panels and dialogs', async ({ page, portal }) => {
  test.setTimeout(180_000);
  const { app_id, org_id, tenant_id, project_id } = await portalWithApp(page);
  const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };
  await portal.person(grace);
  await portal.cli('member', 'add', '--org', org_id, '--email', grace.email, '--role', 'member');

  await page.goto(`/apps/${app_id}/keys`);
  await check(page, 'empty key list');
  await page.goto(`/apps/${app_id}/keys?status=paused`);
  await check(page, 'nothing matches');
  const panel = await openPanel(page, app_id);
  await check(page, 'generate panel');
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'generate panel, refused');
  await generateKey(page, app_id, { label: 'Checkout backend' });
  await check(page, 'one-time dialog');
  await page.reload();
  await check(page, 'already shown');

  const key = await issueKey(page, app_id, { label: 'Night export', type: 'Development', expires: '7' });
  for (const path of [`${key.path}/edit`, `${key.path}/revoke`, `/orgs/${org_id}/keys/revoke-all`, `/tenants/${tenant_id}/settings/delete`]) {
    await page.goto(path);
    await check(page, path);
    await field(page, /edit$/.test(path) ? 'Metadata' : /revoke$/.test(path) ? 'Reason' : /revoke-all$/.test(path) ? 'Name of the organization' : 'Name of the tenant').fill('{\u0007');
    await page.getByRole('dialog').locator('button').last().click();
    await expect(page.getByRole('alert')).toBeVisible();
    await check(page, `${path}, refused`);
  }
  await page.goto(`${key.path}/change`);
  await check(page, 'change panel');
  const change = page.getByRole('dialog', { name: 'Change scopes and expiry' });
  await change.getByRole('checkbox', { name: 'Admin', exact: true }).check();
  await change.getByRole('button', { name: 'Save' }).click();
  await expect(change.getByRole('checkbox', { name: 'Give the key more than it had' })).toBeVisible();
  await check(page, 'change panel, to be confirmed');
  await send(page, `${key.path}/pause`, {});
  await page.goto(`${key.path}?done=paused`);
  await check(page, 'a paused key');
  await page.goto(`/orgs/${org_id}/members`);
  await page.getByRole('button', { name: `Actions for ${grace.name}` }).click();
  await check(page, 'members: menu');
  await page.keyboard.press('Escape');
  for (const dialog of ['Change role', 'Remove']) {
    await choose(page, dialog, `Actions for ${grace.name}`);
    await expect(page.getByRole('dialog')).toBeVisible();
    await check(page, `members: ${dialog}`);
    await action(page, 'Cancel').click();
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
  await send(page, `/projects/${project_id}/settings/archive`, {});
  await page.goto(`/apps/${app_id}/keys`);
  await check(page, 'archived banner');
  await page.goto(`/orgs/${org_id}`);
  await check(page, 'organization with keys');
  await hydrated(page);
  for (const menu of ['Switch organization', 'Switch tenant', 'Your account']) {
    await page.getByRole('button', { name: menu }).click();
    await check(page, `menu: ${menu}`);
    await page.keyboard.press('Escape');
  }
  await send(page, '/search', {});
  await page.goto('/search');
  await page.getByRole('main').getByRole('searchbox', { name: 'Search everything' }).fill('focus');
  await page.keyboard.press('Enter');
  // What stands there before anything is searched for.
  await expect(page.getByRole('main').getByText('Theme: dark')).toHaveCount(0);
  await check(page, 'search results');

  await page.context().clearCookies();
  await page.goto('/sign-in');
  await signIn(page, grace);
  expect((await page.goto(`/orgs/${org_id}/keys/revoke-all`))!.status()).toBe(403);
  await check(page, 'not allowed');
  await page.goto(`/orgs/${org_id}/settings`);
  await check(page, 'settings of a member');
});

test('every page that links lead to', async ({ page }) => {
  test.setTimeout(420_000); // axe reads each page in both themes, the long reference too
  const { app_id, org_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Checkout backend' });
  const revoked = await issueKey(page, app_id, { label: 'Lost' });
  await send(page, `${revoked.path}/revoke`, { reason: 'Laptop lost' });
  expect((await page.goto('/nothing/here'))?.status()).toBe(404);
  await check(page, 'not found');

  const settings = (path: string) => `${path}/settings`;
  const seen = await crawl(page, '/', settings(`/orgs/${org_id}`), settings(`/apps/${app_id}`), revoked.path);
  const kinds = new Set<string>();
  for (const { path, status, type } of seen) {
    expect.soft(status, path).toBeLessThan(400);
    if (!type.startsWith('text/html') || kinds.has(shape(path))) continue;
    kinds.add(shape(path));
    await page.goto(path);
    await check(page, path);
  }
  expect(kinds.size).toBeGreaterThan(20);
});
