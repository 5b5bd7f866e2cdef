// The operator's console: its main paths, with scripts and without.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from './sallyport';
import { action, choose, field, hydrated, issueKey, person, portalWithApp, setUp, signIn } from './steps';

const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('an organization is suspended and opened again', async ({ page, portal }) => {
      const { app_id, org_id } = await portalWithApp(page);
      const key = await issueKey(page, app_id, { label: 'Checkout backend' });
      expect((await portal.auth(key.secret)).status).toBe(200);

      await page.goto('/account');
      await hydrated(page, scripts);
      await choose(page, 'Admin', 'Your account');
      const admin = page.getByRole('navigation', { name: 'Admin' });
      await expect(admin.getByRole('link', { name: 'Organizations' })).toHaveAttribute('aria-current', 'page');
      await page.getByRole('main').getByRole('link', { name: 'Focus Labs' }).click();
      await action(page, 'Suspend').click();
      const dialog = page.getByRole('dialog', { name: 'Suspend this organization?' });
      await field(dialog, 'Name of the organization').fill('Focus');
      await field(dialog, 'Reason').fill('The invoice is unpaid');
      await dialog.getByRole('button', { name: 'Suspend organization' }).click();
      await expect(field(dialog, 'Name of the organization')).toHaveAccessibleDescription(/as it is written here/);
      await field(dialog, 'Name of the organization').fill('Focus Labs');
      await dialog.getByRole('button', { name: 'Suspend organization' }).click();
      await expect(page.getByRole('status').getByText('Suspended.')).toBeVisible();
      expect((await portal.auth(key.secret)).status).toBe(403);

      await page.goto(`/orgs/${org_id}`);
      await expect(page.getByText('An operator of this portal suspended this organization')).toBeVisible();
      await expect(page.getByText('The invoice is unpaid').first()).toBeVisible();
      await page.goto(key.path);
      await expect(page.getByText('Suspended', { exact: true }).first()).toBeVisible();

      await page.goto(`/admin/organizations/${org_id}`);
      await page.getByRole('button', { name: 'Open again' }).click();
      await expect(page.getByText('Opened again. Its keys are accepted.')).toBeVisible();
      expect((await portal.auth(key.secret)).status).toBe(200);
    });

    test('a root token is shown once, and revoked', async ({ page, portal }) => {
      await portalWithApp(page);
      await page.goto('/admin/root-tokens');
      await action(page, 'New root token').click();
      const panel = page.getByRole('dialog', { name: 'New root token' });
      await panel.getByRole('button', { name: 'Create token' }).click();
      await expect(field(panel, 'Name')).toHaveAccessibleDescription(/Give the token a name/);
      await field(panel, 'Name').fill('Checkout backend');
      await panel.getByRole('button', { name: 'Create token' }).click();
      const once = page.getByRole('dialog', { name: 'Save your token' });
      const token = await field(once, 'Root token').inputValue();
      expect((await portal.verify(token, 'sk_live_x')).code).toBe('malformed');
      await once.getByRole('checkbox', { name: 'I have saved this token' }).check();
      await action(once, 'Done').click();
      await expect(page).toHaveURL(/\/admin\/root-tokens\??$/);
      expect(await page.content()).not.toContain(token);
      await action(page, 'Revoke Checkout backend').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke token' }).click();
      await expect(page.getByText('Revoked. Requests with it are refused.')).toBeVisible();
      await expect(portal.verify(token, 'sk_live_x')).rejects.toThrow();
    });

    test('every key of the portal is revoked', async ({ page, portal }) => {
      const { app_id } = await portalWithApp(page);
      const key = await issueKey(page, app_id, { label: 'Checkout backend' });
      await page.goto('/admin/organizations');
      await hydrated(page, scripts);
      await choose(page, 'Revoke all keys');
      const dialog = page.getByRole('dialog', { name: 'Revoke all keys of the portal?' });
      await field(dialog, 'Confirmation').fill('All keys');
      await field(dialog, 'Reason').fill('The vault leaked');
      await field(dialog, 'Your password').fill('not-the-password-1');
      await dialog.getByRole('button', { name: 'Revoke all keys' }).click();
      await expect(field(dialog, 'Your password')).toHaveAccessibleDescription(/This is not your password/);
      await expect(field(dialog, 'Reason')).toHaveValue('The vault leaked');
      await expect(field(dialog, 'Your password')).toHaveValue('');
      expect((await portal.auth(key.secret)).status).toBe(200);
      await field(dialog, 'Your password').fill(person.password);
      await dialog.getByRole('button', { name: 'Revoke all keys' }).click();
      await expect(page.getByText('Every key of the portal is revoked.')).toBeVisible();
      expect((await portal.auth(key.secret)).status).toBe(401);
    });

    test('a person is disabled and enabled', async ({ page, portal }) => {
      await setUp(page);
      await portal.person(grace);
      await page.goto('/admin/users');
      await hydrated(page, scripts);
      await choose(page, 'Disable', `Actions for ${grace.name}`);
      await page.getByRole('dialog').getByRole('button', { name: 'Disable account' }).click();
      await expect(page.getByText('Disabled. The person is signed out')).toBeVisible();
      await hydrated(page, scripts);
      await choose(page, 'Enable', `Actions for ${grace.name}`);
      await expect(page.getByText('Enabled. The person can sign in')).toBeVisible();
    });
  });
}

test('to others it does not exist', async ({ page, context, portal }) => {
  await setUp(page);
  await portal.person(grace);
  await context.clearCookies();
  await page.goto('/sign-in');
  await signIn(page, grace);
  await expect(page.getByRole('button', { name: 'Your account' })).toBeVisible();
  for (const path of ['/admin', '/admin/organizations', '/admin/revoke-keys', '/admin/mail']) {
    expect((await page.goto(path))?.status(), path).toBe(404);
  }
  await page.goto('/account');
  await hydrated(page);
  await page.getByRole('button', { name: 'Your account' }).click();
  await expect(page.getByRole('link', { name: 'Admin' })).toHaveCount(0);
});

test('a mail that can’t be sent is listed with the reason', async ({ page, portal }) => {
  await setUp(page);
  await page.goto('/admin/mail');
  await expect(page.getByText('Mail is off')).toBeVisible();
  await portal.stop();
  const settings = '[mail]\nserver = "127.0.0.1"\nport = 1\ntls = "none"\nfrom = "keys@example.com"\n';
  await writeFile(join(portal.dir, 'sallyport.toml'), settings);
  await portal.serve();
  // The port is another one.
  await page.goto(`${portal.url}/admin/mail`);
  await page.getByRole('button', { name: 'Send a test mail' }).click();
  await expect(page.getByText('Queued.')).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('row').filter({ hasText: 'Test mail' })).toContainText('can\'t be reached');
  }).toPass();
  await expect(page.getByRole('row').filter({ hasText: 'Test mail' })).toContainText('Retrying');
});
