// axe finds no violation on any page, in the light and the dark theme.
import AxeBuilder from '@axe-core/playwright';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { crawl, shape } from './crawl';
import { expect, test } from './sallyport';
import { action, choose, confirmation, done, field, fillPanel, generateKey, hydrated, issueKey, openPanel, openSetup, person, portalWithApp, send, setUp, signIn } from './steps';
import { code } from './totp';

async function check(page: Page, where: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // No page has frames, so the results need no second page to be put together, which takes as long as the check.
    const axe = new AxeBuilder({ page }).setLegacyMode();
    // The themes differ only in colours.
    if (colorScheme === 'light') axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
    else axe.withRules(['color-contrast', 'link-in-text-block']);
    const { violations } = await axe.analyze();
    const found = violations.map(v => `${v.id}: ${v.help}\n${v.nodes.map(n => `  ${n.target} ${n.failureSummary}`).join('\n')}`);
    expect.soft(found, `${where}, ${colorScheme}`).toEqual([]);
  }
}

test('pages without a session', async ({ page, context }) => {
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

test('invitations', async ({ page, context, portal }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/invitations`);
  await check(page, 'invite');
  await page.getByRole('button', { name: 'Send invitations' }).click();
  await check(page, 'invite, refused');
  await field(page, 'E-mail addresses').fill('grace@focuslabs.test, noor@focuslabs.test');
  await page.getByRole('button', { name: 'Send invitations' }).click();
  await check(page, 'links to hand over');
  const link = await field(page, 'grace@focuslabs.test').inputValue();
  await page.getByRole('checkbox', { name: 'I have copied what I need' }).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await check(page, 'open invitations');
  await page.goto(link);
  await check(page, 'an invitation of another person');
  await context.clearCookies();
  await page.goto(link);
  await check(page, 'an invitation');
  await page.getByRole('button', { name: 'Accept invitation' }).click();
  await check(page, 'an invitation, refused');
  await page.goto('/invitations/x');
  await check(page, 'an invitation that does not work');
});

test('personal tokens and the sign-in of a command line', async ({ page }) => {
  test.setTimeout(180_000);
  await portalWithApp(page);
  await page.goto('/account/tokens/new');
  await check(page, 'token panel');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'token panel, refused');
  await field(page, 'Name').fill('Terraform');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your token' })).toBeVisible();
  await check(page, 'token, shown once');
  await page.goto('/account');
  await check(page, 'account with a token');
  await action(page, 'Revoke Terraform').click();
  await check(page, 'revoke a token');

  const form = { client_id: 'sallyport-cli', device_name: `sallyport on ${'a-very-long-name-'.repeat(5)}` };
  const { user_code } = (await (await page.request.post('/oauth/device_authorization', { form })).json()) as { user_code: string };
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto('/device');
    await check(page, `device at ${width}`);
    await field(page, 'Code').fill('WDJB');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await check(page, `device, refused, at ${width}`);
    await field(page, 'Code').fill(user_code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('button', { name: 'Approve' })).toBeVisible();
    await check(page, `device, asked, at ${width}`);
    const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    expect.soft(wide, `device at ${width}`).toBeLessThanOrEqual(shown!);
  }
  for (const answer of ['approve', 'deny']) {
    await page.goto(`/device?done=${answer}`);
    await check(page, `device, ${answer}`);
  }
});

test('two-step verification', async ({ page, context }) => {
  await setUp(page);
  await page.goto('/account/confirm');
  await check(page, 'confirm with a password');
  await page.goto('/account/authenticator');
  await check(page, 'set up an app');
  await page.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'set up an app, refused');
  const secret = (await page.getByRole('dialog').locator('code').innerText()).replaceAll(' ', '');
  await field(page, 'Code').fill(code(secret));
  await page.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your recovery codes' })).toBeVisible();
  await check(page, 'recovery codes');
  for (const path of ['', '/recovery-codes', '/authenticator/remove', '/confirm']) {
    await page.goto(`/account${path}`);
    await check(page, `with a second factor: /account${path}`);
  }
  await context.clearCookies();
  await page.goto('/sign-in');
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Enter your code' })).toBeVisible();
  await check(page, 'the second step');
});

test('capability tokens', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/capabilities`);
  await check(page, 'capability tokens');
  await page.getByRole('button', { name: 'Mint token' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'capability tokens, refused');
  await field(page, 'Subject').fill('person-7');
  await page.getByRole('checkbox', { name: 'focus' }).check();
  await page.getByRole('button', { name: 'Mint token' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your token' })).toBeVisible();
  await check(page, 'capability token, shown once');
  await page.goto(`/apps/${app_id}/capabilities/revoke-all`);
  await check(page, 'revoke all capability tokens');
});

test('import of keys', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/imports`);
  await check(page, 'import of keys');
  const line = '{"key":"acme_Zm9vYmFyYmF6cXV4","label":"Checkout","environment":"production","scopes":["read"]}\n{"key":"short"}\n';
  const file = { name: 'keys.jsonl', mimeType: 'application/x-ndjson', buffer: Buffer.from(line) };
  await page.getByLabel('Choose a file', { exact: true }).setInputFiles(file);
  await expect(page.getByRole('button', { name: 'Import 1 key' })).toBeVisible();
  await check(page, 'import of keys, dry run');
});

test('a leaked key', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  const secret = await field(once, 'Secret key').inputValue();
  await done(once);
  await page.goto('/report-a-leak');
  await check(page, 'report a leaked key');
  await field(page, 'Key').fill(secret);
  await field(page, 'Where did you find it?').fill('https://example.com/x');
  await page.getByRole('button', { name: 'Report' }).click();
  await check(page, 'a reported key');
  await expect.poll(() => portal.auth(secret).then(answer => answer.status)).toBe(401);
  await page.goto(`/apps/${app_id}/keys?include_revoked=true`);
  await page.getByRole('link', { name: 'Checkout backend', exact: true }).click();
  await expect(page.getByText('This key leaked.')).toBeVisible();
  await check(page, 'a key that leaked');
});

test('a forgotten password', async ({ page, context, portal }) => {
  await setUp(page);
  await context.clearCookies();
  await page.goto('/reset');
  await check(page, 'reset, without mail');
  await page.goto(await portal.cli('user', 'reset-link', person.email, '--public-url', portal.url));
  await check(page, 'another password');
  await page.getByRole('button', { name: 'Set password' }).click();
  await check(page, 'another password, refused');
  await page.goto('/reset/x');
  await check(page, 'a link that does not work');
  await portal.stop();
  await writeFile(join(portal.dir, 'sallyport.toml'), '[mail]\nserver = "127.0.0.1"\ntls = "none"\nfrom = "keys@example.com"\n');
  await portal.serve();
  for (const [where, path] of Object.entries({ 'reset': '/reset', 'reset, sent': '/reset?sent=1', 'signed out by it': '/sign-in?reset=1' })) {
    await page.goto(portal.url + path);
    await check(page, where);
  }
});

test('empty lists, panels and dialogs', async ({ page, portal }) => {
  test.setTimeout(300_000);
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
  await page.goto(`${key.path}/rotate`);
  await check(page, 'rotating a key');
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate key' }).click();
  await page.goto(`${key.path}/rotate`);
  await check(page, 'a rotation');
  await send(page, `${key.path}/end-previous`, {});
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
  await page.getByRole('button', { name: 'What may an admin do?' }).click();
  await check(page, 'members: roles');
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
  // The results before a search.
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

test('usage', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Counted', scopes: ['Read'] });
  for (const query of ['', '?scope=write']) await portal.auth(secret, query);
  await expect(async () => {
    await page.goto(`${path}/usage`);
    await expect(page.getByText('2 requests in the last 24 hours')).toBeVisible({ timeout: 200 });
  }).toPass();
  await check(page, 'usage');
  await page.goto(`${path}/usage?view=table`);
  await check(page, 'usage, as a table');
  await page.goto(`${path}/activity/requests`);
  await check(page, 'requests of a key');
  await page.goto(path);
  await check(page, 'a key with requests');
});

test('least privilege', async ({ page, portal }) => {
  const { app_id, org_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Wide', scopes: ['Read', 'Write'] });
  await portal.auth(secret, '?scope=read');
  await expect(async () => {
    await page.goto(path);
    await expect(page.getByRole('link', { name: 'Make a narrower key' })).toBeVisible({ timeout: 200 });
  }).toPass();
  await check(page, 'a key that can be narrower');
  await page.getByRole('link', { name: 'Make a narrower key' }).click();
  await check(page, 'the panel of a narrower key');
  await page.goto(`/orgs/${org_id}/hygiene?check=no_expiry`);
  await check(page, 'hygiene');
  await page.goto(`/orgs/${org_id}/hygiene?check=many_networks`);
  await check(page, 'hygiene, nothing found');
  await page.goto(`/orgs/${org_id}/keys/chosen?do=revoke&check=no_expiry&key=${path.split('/').pop()}`);
  await check(page, 'hygiene, a typed confirmation');
  await page.goto(`/orgs/${org_id}/expiring`);
  await check(page, 'expiring soon, nothing due');
  await issueKey(page, app_id, { label: 'Ends soon', expires: '7' });
  await page.goto(`/orgs/${org_id}/expiring?status=expiring`);
  await check(page, 'expiring soon');
  const chosen = `/orgs/${org_id}/keys/chosen?expiring=expiring&key=${path.split('/').pop()}`;
  await page.goto(`${chosen}&do=extend`);
  await check(page, 'selected keys are extended');
  await page.goto(`${chosen}&do=rotate`);
  await check(page, 'selected keys are rotated');
});

test('webhooks', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  const list = `/orgs/${org_id}/webhooks`;
  await page.goto(list);
  await check(page, 'webhooks, none');
  await page.goto(`${list}/new`);
  await check(page, 'new endpoint');
  await page.getByRole('button', { name: 'Create endpoint' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'new endpoint, refused');
  await field(page, 'Endpoint URL').fill('https://hooks.example.com/keys');
  await page.getByRole('button', { name: 'Create endpoint' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your secret' })).toBeVisible();
  await check(page, 'secret of a webhook, shown once');
  await page.goto(list);
  await page.getByRole('button', { name: 'Send test event' }).click();
  await check(page, 'endpoint with a delivery');
  const endpoint = new URL(page.url()).pathname;
  await page.getByRole('link', { name: 'webhook.test' }).click();
  await check(page, 'delivery');
  await page.goto(list);
  await check(page, 'webhooks');
  for (const dialog of ['edit', 'secret', 'delete']) {
    await page.goto(`${endpoint}/${dialog}`);
    await check(page, `endpoint, ${dialog}`);
  }
  await page.goto('/docs/webhooks');
  await check(page, 'events of webhooks');
});

test('trust rules', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const list = `/apps/${app_id}/trust-rules`;
  await page.goto(list);
  await check(page, 'trust rules, none');
  await page.getByRole('link', { name: 'Trust GitHub Actions' }).click();
  await check(page, 'new trust rule');
  await page.getByRole('button', { name: 'Create rule' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'new trust rule, refused');
  await page.getByRole('checkbox', { name: 'Read', exact: true }).check();
  await page.getByRole('button', { name: 'Create rule' }).click();
  await expect(page).toHaveURL(/\/trust-rules\?done=created$/);
  await check(page, 'trust rules');
  for (const dialog of ['Edit', 'Pause', 'Delete']) {
    await page.goto(list);
    await page.getByRole('button', { name: dialog, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await check(page, `trust rule, ${dialog}`);
  }
  await field(page, 'Name of the rule').fill(await confirmation(page));
  await page.getByRole('button', { name: 'Delete rule' }).click();
  await expect(page.getByText('Keys that the rule gave are refused.')).toBeVisible();
});

test('service accounts', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  const list = `/orgs/${org_id}/service-accounts`;
  await page.goto(list);
  await check(page, 'service accounts, none');
  await action(page, 'New service account').click();
  await check(page, 'new service account');
  await page.getByRole('button', { name: 'Create service account' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'new service account, refused');
  await field(page, 'Name').fill('Nightly import');
  await page.getByRole('button', { name: 'Create service account' }).click();
  await expect(page).toHaveURL(/\/service-accounts\/sva_[^?]+\?done=created$/);
  await check(page, 'service account');
  const account = new URL(page.url()).pathname;
  for (const dialog of ['edit', 'disable', 'remove', 'tokens/new']) {
    await page.goto(`${account}/${dialog}`);
    await check(page, `service account, ${dialog}`);
  }
  await field(page.getByRole('dialog'), 'Name').fill('build-3');
  await page.getByRole('button', { name: 'Create token' }).click();
  await check(page, 'service account, token shown once');
  await page.goto(account);
  await action(page, 'Revoke build-3').click();
  await check(page, 'service account, revoke token');
  await page.goto(list);
  await check(page, 'service accounts');
});

test('rules for keys and approvals', async ({ page }) => {
  const { org_id, app_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'From before' });
  const rules = `/orgs/${org_id}/settings/key-rules`;
  await page.goto(rules);
  await check(page, 'rules for keys');
  await send(page, rules, { seen: '0', lifetime_environment: '', lifetime_scope: '', lifetime_days: '90', approval_environments: 'production' });
  await page.goto(rules);
  await check(page, 'rules for keys, and a key that breaks them');
  await page.goto(`/orgs/${org_id}/approvals`);
  await check(page, 'approvals, none');
  const panel = await openPanel(page, app_id);
  await fillPanel(panel, { label: 'Nightly' });
  await panel.getByRole('combobox', { name: 'Expires' }).selectOption({ label: 'In 30 days' });
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await check(page, 'a request for approval');
  await page.goto(`/orgs/${org_id}/approvals`);
  await check(page, 'approvals');
  await page.goto(`/orgs/${org_id}/keys?status=waiting_for_approval`);
  await check(page, 'keys that wait for an approval');
  await page.goto(`/apps/${app_id}/keys`);
  await check(page, 'keys, and one that waits');
});

test('every page that a link leads to', async ({ page }) => {
  test.setTimeout(900_000); // axe reads each page in both themes, the long reference too
  const { app_id, org_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Checkout backend' });
  const revoked = await issueKey(page, app_id, { label: 'Lost' });
  await send(page, `${revoked.path}/revoke`, { reason: 'Laptop lost' });
  expect((await page.goto('/nothing/here'))?.status()).toBe(404);
  await check(page, 'not found');

  const settings = (path: string) => `${path}/settings`;
  const seen = await crawl(page, '/', settings(`/orgs/${org_id}`), settings(`/apps/${app_id}`), revoked.path);
  // Each page once, and once more for each filter or panel that its address can name: not every combination of them.
  const kinds = new Set<string>();
  for (const { path, status, type } of seen) {
    expect.soft(status, path).toBeLessThan(400);
    if (!type.startsWith('text/html')) continue;
    const [place, ...parameters] = shape(path).split('?');
    const parts = [place!, ...parameters.map(name => `${place}?${name}`)];
    if (parts.every(part => kinds.has(part))) continue;
    for (const part of parts) kinds.add(part);
    await page.goto(path);
    await check(page, path);
  }
  expect(kinds.size).toBeGreaterThan(20);
});

test('the operator’s console', async ({ page, portal }) => {
  test.setTimeout(300_000);
  const { org_id } = await portalWithApp(page);
  await portal.cli('token', 'create', '--name', 'Gateway', '--expires', '30');
  const organization = `/admin/organizations/${org_id}`;
  const lists = ['organizations', 'users', 'apps', 'root-tokens', 'usage', 'audit', 'audit/all', 'mail', 'jobs', 'health'].map(name => `/admin/${name}`);
  const dialogs = [`${organization}/suspend`, '/admin/users/sign-out', '/admin/root-tokens/new', '/admin/revoke-keys'];
  for (const path of [...lists, organization, `${organization}/activity`, `${organization}/activity/evidence`, ...dialogs]) {
    for (const width of [1440, 768, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(path);
      await hydrated(page);
      const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      expect.soft(wide, `${path} at ${width}`).toBeLessThanOrEqual(shown!);
      // Between the two the columns change, not the elements.
      if (width !== 768) await check(page, `${path} at ${width}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto('/admin/root-tokens/new');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'root token, refused');
  await field(page, 'Name').fill('Terraform');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your token' })).toBeVisible();
  await check(page, 'root token, shown once');
  await page.goto('/admin/organizations?q=nothing');
  await check(page, 'console, nothing matches');
});
