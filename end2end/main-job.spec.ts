// The main job, from an empty folder to a refused key: with JavaScript, and (project nojs) without.
import { expect, test } from './sallyport';
import {
  action,
  choose,
  createApp,
  createOrganization,
  createProject,
  createTenant,
  done,
  downloadJson,
  field,
  fillPanel,
  hydrated,
  keyRow,
  setUp,
  tab,
} from './steps';

test('an empty folder, a key, a verification, a revocation', async ({ page, portal, javaScriptEnabled }) => {
  const root = await portal.rootToken();

  const ids = await test.step('account, organization, tenant, project, app', async () => {
    await setUp(page);
    await expect(field(page, 'First tenant')).not.toHaveValue('');
    const org_id = await createOrganization(page, 'Focus Labs');
    expect(org_id).toMatch(/^org_focus_labs_[0-9A-Za-z]{6}$/);
    await expect(page.getByRole('main').locator('a[href^="/tenants/ten_"]').first()).toBeVisible();

    const tenant_id = await createTenant(page, 'Staging');
    expect(tenant_id).toMatch(/^ten_[0-9a-z_]+_[0-9A-Za-z]{6}$/);
    const project_id = await createProject(page, 'Mobile');
    expect(project_id).toMatch(/^prj_[0-9a-z_]+_[0-9A-Za-z]{8}$/);
    const app_id = await createApp(page, 'Focus Android');
    expect(app_id).toMatch(/^app_[0-9a-z_]+_[0-9A-Za-z]{6}$/);
    return { org_id, tenant_id, project_id, app_id };
  });

  await test.step('identifiers JSON: four fields', async () => {
    const identifiers = await downloadJson(page, page.getByRole('link', { name: 'Download identifiers JSON' }));
    expect(identifiers.json).toEqual(ids);
  });

  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await test.step('no scope: refused, and what was typed is kept', async () => {
    await tab(page, 'API keys').click();
    await action(page, 'Generate API Key').click();
    await expect(panel).toBeVisible();
    await expect(panel.getByRole('combobox', { name: 'Choose App' })).toHaveValue(ids.app_id);
    await fillPanel(panel, { label: 'Checkout backend', scopes: [] });
    await panel.getByRole('button', { name: 'Generate key' }).click();
    await expect(panel.getByText(/scope/i).and(panel.getByText(/least one|choose|pick|select/i)).first()).toBeVisible();
    await expect(field(panel, 'Label')).toHaveValue('Checkout backend');
  });

  const once = page.getByRole('dialog', { name: 'Save your key' });
  const { secret, signing } = await test.step('both secrets, once', async () => {
    await fillPanel(panel, { label: 'Checkout backend', scopes: ['Read', 'Write'] });
    await panel.getByRole('button', { name: 'Generate key' }).click();
    await expect(once).toBeVisible();
    await expect(field(once, 'Secret key')).toHaveValue(/^sk_live_[0-9A-Za-z]{36}$/);
    await expect(field(once, 'Signing secret')).toHaveValue(/^sgn_[0-9A-Za-z]{43}$/);
    return {
      secret: await field(once, 'Secret key').inputValue(),
      signing: await field(once, 'Signing secret').inputValue(),
    };
  });

  await test.step('credentials JSON: six fields', async () => {
    const credentials = await downloadJson(page, action(once, 'Download credentials JSON'));
    expect(credentials.name).toBe(`credentials-${ids.app_id}.json`);
    expect(credentials.json).toEqual({ ...ids, secret_key: secret, signing_secret: signing });
  });

  await test.step('the key is in the list, and it works', async () => {
    await done(once);
    await expect(keyRow(page, 'Checkout backend').getByText('Active', { exact: true })).toBeVisible();
    await expect(page.getByText(secret)).toHaveCount(0);

    const verdict = await portal.verify(root, secret);
    expect(verdict).toMatchObject({ valid: true, code: 'valid', app_id: ids.app_id });
    const allowed = await portal.auth(secret, '?scope=read');
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('x-auth-app-id')).toBe(ids.app_id);
    expect((await portal.auth(secret, '?scope=admin')).status).toBe(403);
  });

  await test.step('last used comes from the verifier, at most seconds later', async () => {
    await expect
      .poll(
        async () => {
          await page.reload();
          return keyRow(page, 'Checkout backend').locator('[data-label="Last used"] time').count();
        },
        { timeout: 15_000 },
      )
      .toBe(1);
  });

  await test.step('revoke: the very next call is refused', async () => {
    await keyRow(page, 'Checkout backend').getByRole('link', { name: 'Checkout backend', exact: true }).click();
    await expect(page).toHaveURL(/\/keys\/key_/);
    await choose(page, 'Revoke');
    const confirm = page.getByRole('dialog').filter({ has: page.getByRole('button', { name: 'Revoke key' }) });
    await field(confirm, 'Reason').fill('Laptop lost');
    await confirm.getByRole('button', { name: 'Revoke key' }).click();
    await expect(page.getByRole('main').getByText('Revoked', { exact: true }).first()).toBeVisible();

    expect((await portal.auth(secret)).status).toBe(401);
    expect(await portal.verify(root, secret)).toMatchObject({ valid: false, code: 'revoked' });
  });

  await test.step('the list hides it until asked', async () => {
    await page.goto(`/apps/${ids.app_id}/keys`);
    await expect(keyRow(page, 'Checkout backend')).toHaveCount(0);
    const box = page.getByRole('checkbox', { name: 'Include revoked' });
    const apply = page.getByRole('button', { name: 'Apply' });
    const folded = page.getByText('Filters', { exact: true });
    await hydrated(page, javaScriptEnabled ?? true);
    if (await folded.isVisible()) await folded.click(); // on a phone
    if (javaScriptEnabled ?? true) {
      await expect(apply).toBeHidden(); // with scripts, a change submits the form
      await box.check();
    } else {
      await box.check();
      await apply.click();
    }
    await expect(page).toHaveURL(/include_revoked/);
    await expect(keyRow(page, 'Checkout backend').getByText('Revoked', { exact: true })).toBeVisible();
  });

  await test.step('every step shows in the activity', async () => {
    const shows = async (path: string, words: string[]) => {
      await page.goto(path);
      for (const word of words) {
        await expect(page.getByRole('row').filter({ hasText: word }).first()).toBeVisible();
      }
    };
    await shows(`/apps/${ids.app_id}/activity`, ['App created', 'Key generated', 'Key revoked']);
    await shows(`/orgs/${ids.org_id}/activity`, [
      'Organization created',
      'Tenant created',
      'Project created',
      'App created',
      'Key generated',
      'Key revoked',
    ]);

    // Refusals are recorded in batches, so the first look may be too early.
    await expect
      .poll(
        async () => {
          await page.goto(`/apps/${ids.app_id}/activity`);
          return page.getByRole('row').filter({ hasText: 'Request refused' }).count();
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(0);
  });
});

test('a development key begins with sk_test_', async ({ page }) => {
  await setUp(page);
  await createOrganization(page, 'Focus Labs');
  await createTenant(page, 'Staging');
  await createProject(page, 'Mobile');
  const appId = await createApp(page, 'Focus iOS', 'iOS');
  await page.goto(`/apps/${appId}/keys?panel=generate`);
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await fillPanel(panel, { label: 'Try it', type: 'Development' });
  await panel.getByRole('button', { name: 'Generate key' }).click();
  const once = page.getByRole('dialog', { name: 'Save your key' });
  await expect(field(once, 'Secret key')).toHaveValue(/^sk_test_[0-9A-Za-z]{36}$/);
});
