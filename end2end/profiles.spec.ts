// The panel and the pages of keys with each profile of examples/profiles, with and without scripts.
import AxeBuilder from '@axe-core/playwright';
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, choose, createOrganization, done, downloadJson, field, hydrated, keyRow, setUp } from './steps';

const profile = (name: string) => ['--profile', resolve(__dirname, `../examples/profiles/${name}.toml`)];

async function openPanel(page: Page, orgId: string, scripts = true) {
  await page.goto(`/orgs/${orgId}/keys`);
  await action(page, 'Generate API Key').click();
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await expect(panel).toBeVisible();
  await expect(panel.getByRole('combobox', { name: 'Choose App' })).toHaveCount(0);
  await hydrated(page, scripts);
  return panel;
}

async function generated(page: Page, panel: Locator) {
  await panel.getByRole('button', { name: 'Generate key' }).click();
  const once = page.getByRole('dialog', { name: 'Save your key' });
  await expect(once).toBeVisible();
  return once;
}

const ticked = (panel: Locator) =>
  panel.locator('input[name=scopes]:checked').evaluateAll(boxes => boxes.map(box => (box as HTMLInputElement).value));

async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(violation => `${violation.id}: ${violation.help}`)).toEqual([]);
}

test.describe('synap: keys of people', () => {
  test.use({ portalArgs: profile('synap') });

  test('eight scopes with descriptions, and bundles that select several', async ({ page, portal, javaScriptEnabled }) => {
    const scripts = javaScriptEnabled ?? true;
    await setUp(page);
    const org_id = await createOrganization(page, 'Focus Labs');
    const panel = await openPanel(page, org_id, scripts);
    const boxes = panel.locator('input[name=scopes][type=checkbox]');
    await expect(boxes).toHaveCount(8);
    for (const note of await panel.locator('.choice p').all()) await expect(note).not.toBeEmpty();
    await expect(panel.locator('.choice p')).toHaveCount(8);
    if (scripts) await expectAccessible(page);

    await field(panel, 'Label').fill('Agent');
    const bundles = panel.getByRole('group', { name: 'Tick the scopes for' }).getByRole('button');
    await expect(bundles).toHaveCount(6);
    for (const bundle of await bundles.all()) {
      const scopes = (await bundle.getAttribute('data-scopes'))!.split(' ');
      await bundle.click();
      // Without scripts the server renders the panel again.
      await expect.poll(() => ticked(panel)).toHaveLength(scopes.length);
      expect((await ticked(panel)).sort()).toEqual(scopes.sort());
      await expect(field(panel, 'Label')).toHaveValue('Agent');
    }
    const full = panel.locator('button[name=bundle][value=full]');
    await full.click();
    await expect.poll(async () => (await ticked(panel)).some(scope => scope.startsWith('mcp'))).toBe(false);

    // Enter submits the form instead of pressing a bundle's button.
    await field(panel, 'Label').press('Enter');
    const once = page.getByRole('dialog', { name: 'Save your key' });
    await expect(once).toBeVisible();
    const secret = await field(once, 'Secret key').inputValue();
    const { json } = await downloadJson(page, action(once, 'Download credentials JSON'));
    expect(json).toMatchObject({ org_id, tenant_id: null, project_id: null, app_id: null, secret_key: secret });
    await done(once);

    const bearer = { headers: { authorization: `Bearer ${secret}` } };
    expect((await fetch(`${portal.url}/v1/auth`, bearer)).status).toBe(200);
    await expect(keyRow(page, 'Agent').getByText('Ada Reyes')).toBeVisible();
    await keyRow(page, 'Agent').getByRole('link', { name: 'Agent', exact: true }).click();
    await expect(page.getByRole('main').getByText('Authorization: Bearer $API_KEY').first()).toBeVisible();
    await expect(page.getByRole('heading', { name: 'What it may do' })).toBeVisible();
    if (scripts) await expectAccessible(page);

    await choose(page, 'Generate like this one');
    await expect(field(panel, 'Label')).toHaveValue('Agent');
    expect(await ticked(panel)).not.toHaveLength(0);
  });
});

test.describe('synaptiq: keys of the organization', () => {
  test.use({ portalArgs: profile('synaptiq') });

  test('one scope for each key', async ({ page, portal, javaScriptEnabled }) => {
    const scripts = javaScriptEnabled ?? true;
    await setUp(page);
    const org_id = await createOrganization(page, 'Focus Labs');
    const panel = await openPanel(page, org_id, scripts);
    await expect(panel.getByRole('group', { name: 'Scope' }).getByRole('radio')).toHaveCount(3);
    await field(panel, 'Label').fill('Backend');
    await panel.getByRole('button', { name: 'Generate key' }).click();
    await expect(panel.getByText('Choose a scope.').first()).toBeVisible();
    await expect(field(panel, 'Label')).toHaveValue('Backend');
    if (scripts) await expectAccessible(page);
    await panel.locator('input[name=scopes][value=write]').check();
    const once = await generated(page, panel);
    const secret = await field(once, 'Secret key').inputValue();
    await done(once);
    const asked = (method: string) =>
      fetch(`${portal.url}/v1/auth`, {
        headers: {
          'authorization': `Bearer ${secret}`,
          'x-forwarded-proto': 'https', // as a proxy would send it; this profile requires https
          'x-original-method': method,
          'x-original-uri': '/leads',
        },
      });
    expect((await asked('POST')).status).toBe(200);
    expect((await asked('DELETE')).status).toBe(403);
    await expect(keyRow(page, 'Backend').getByText('The organization')).toBeVisible();
  });
});

test.describe('helios: keys without scopes', () => {
  test.use({ portalArgs: profile('helios') });

  test('the panel shows no scopes', async ({ page, portal, javaScriptEnabled }) => {
    await setUp(page);
    const org_id = await createOrganization(page, 'Focus Labs');
    const panel = await openPanel(page, org_id, javaScriptEnabled ?? true);
    await expect(panel.locator('input[name=scopes]')).toHaveCount(0);
    await expect(panel.getByText('Scope')).toHaveCount(0);
    await field(panel, 'Label').fill('Backend');
    const once = await generated(page, panel);
    const secret = await field(once, 'Secret key').inputValue();
    await done(once);
    expect((await portal.auth(secret)).status).toBe(200);
    await expect(page.getByRole('columnheader', { name: 'Scopes' })).toHaveCount(0);
  });

  test('the secret of a webhook is generated once, and regenerated', async ({ page, javaScriptEnabled }) => {
    const scripts = javaScriptEnabled ?? true;
    await setUp(page);
    const org_id = await createOrganization(page, 'Clinic');
    await page.goto(`/orgs/${org_id}/webhooks/new`);
    await field(page, 'Endpoint URL').fill('https://hooks.example.com/staging');
    await page.getByRole('combobox', { name: 'Environment' }).selectOption({ label: 'Staging' });
    await page.getByRole('checkbox', { name: 'Generate the signing secret now' }).uncheck();
    await page.getByRole('button', { name: 'Create endpoint' }).click();
    await expect(page.getByText('Staging', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Send test event' })).toHaveCount(0);
    const secrets = [];
    for (const name of ['Generate secret', 'Regenerate secret']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog', { name }).getByRole('button', { name, exact: true }).click();
      await hydrated(page, scripts);
      const once = page.getByRole('dialog', { name: 'Save your secret' });
      secrets.push(await field(once, 'Signing secret').inputValue());
      await once.getByRole('checkbox', { name: 'I have saved this secret' }).check();
      await action(once, 'Done').click();
      expect(await page.content()).not.toContain(secrets.at(-1));
    }
    expect(secrets[1]).not.toBe(secrets[0]);
    await expect(page.getByRole('button', { name: 'Generate secret', exact: true })).toHaveCount(0);
    // The old one has stopped.
    await expect(page.getByText('the one before signs, too')).toHaveCount(0);
    await page.goto('/docs/webhooks');
    await expect(page.getByRole('cell', { name: 'X-Helios-Signature' })).toBeVisible();
  });
});
