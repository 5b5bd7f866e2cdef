// SHOTS=1: each page × light, dark × 1440, 768, 390 px, into end2end/shots/, to be looked at.
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { test } from './sallyport';
import { action, done, generateKey, openPanel, portalWithApp, setUp } from './steps';

async function shoot(page: Page, name: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 768, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await page.screenshot({ path: join(__dirname, 'shots', `${name}-${colorScheme}-${width}.png`) });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

test('first steps', async ({ page, context }) => {
  await page.goto('/setup');
  await shoot(page, 'setup');
  await setUp(page);
  await shoot(page, 'organization-new');
  await context.clearCookies();
  await page.goto('/sign-in');
  await shoot(page, 'sign-in');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await shoot(page, 'sign-in-refused');
});

test('pages', async ({ page, portal }) => {
  test.setTimeout(240_000);
  const { org_id, tenant_id, project_id, app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/keys`);
  await shoot(page, 'keys-empty');
  const panel = await openPanel(page, app_id);
  await shoot(page, 'panel');
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await shoot(page, 'panel-refused');

  const labels = ['Checkout backend', 'Nightly export', 'Mobile CI', 'Load test', 'Partner sandbox'];
  for (const [index, label] of labels.entries()) {
    const once = await generateKey(page, app_id, {
      label,
      type: index % 2 ? 'Development' : 'Production',
      scopes: index % 2 ? ['Read'] : ['Read', 'Write', 'Admin'],
    });
    if (index === 0) await shoot(page, 'one-time');
    const secret = await once.getByRole('textbox', { name: 'Secret key' }).inputValue();
    await done(once);
    await portal.auth(secret);
  }
  await page.getByRole('link', { name: 'Load test', exact: true }).click();
  await shoot(page, 'key');
  await action(page, 'Revoke').click();
  await shoot(page, 'key-revoke');
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await shoot(page, 'key-revoked');

  const pages: Record<string, string> = {
    'keys': `/apps/${app_id}/keys`,
    'keys-with-revoked': `/apps/${app_id}/keys?include_revoked=true`,
    'app': `/apps/${app_id}`,
    'app-activity': `/apps/${app_id}/activity`,
    'project': `/projects/${project_id}`,
    'app-new': `/projects/${project_id}/apps/new`,
    'tenant': `/tenants/${tenant_id}`,
    'project-new': `/tenants/${tenant_id}/projects/new`,
    'organization': `/orgs/${org_id}`,
    'organization-keys': `/orgs/${org_id}/keys`,
    'organization-activity': `/orgs/${org_id}/activity`,
    'tenant-new': `/orgs/${org_id}/tenants/new`,
    'not-found': '/nothing/here',
  };
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    await shoot(page, name);
  }
});
