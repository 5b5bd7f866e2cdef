// axe finds nothing on any page, light or dark.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { crawl } from './crawl';
import { action, done, generateKey, openPanel, portalWithApp, setUp } from './steps';

async function check(page: Page, where: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    const found = violations.map(v => `${v.id}: ${v.help}\n${v.nodes.map(n => `  ${n.target} ${n.failureSummary}`).join('\n')}`);
    expect.soft(found, `${where}, ${colorScheme}`).toEqual([]);
  }
}

test('before anyone is signed in', async ({ page, context }) => {
  await page.goto('/setup');
  await check(page, 'setup');
  await page.getByRole('button', { name: 'Create account' }).click();
  await setUp(page);
  await check(page, 'first organization');
  await context.clearCookies();
  await page.goto('/sign-in');
  await check(page, 'sign-in');
});

test('every page that links lead to', async ({ page }) => {
  test.setTimeout(480_000);
  const { app_id, org_id } = await portalWithApp(page);
  const nothing = await page.goto('/nothing/here');
  expect(nothing?.status()).toBe(404);
  await check(page, 'not found');

  await page.goto(`/apps/${app_id}/keys`);
  await check(page, 'empty key list');
  const panel = await openPanel(page, app_id);
  await check(page, 'generate panel');
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await check(page, 'generate panel, refused');

  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  await check(page, 'one-time dialog');
  await done(once);
  await page.getByRole('link', { name: 'Checkout backend', exact: true }).click();
  await action(page, 'Revoke').click();
  await check(page, 'revoke confirmation');

  const pages = await crawl(page, '/', `/orgs/${org_id}/activity`, `/apps/${app_id}/activity`);
  for (const { path, status, type } of pages) {
    expect.soft(status, path).toBeLessThan(400);
    if (!type.startsWith('text/html')) continue;
    await page.goto(path);
    await check(page, path);
  }
});
