// Actions on keys in the list and on the page of a key, with and without scripts.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, choose, field, hydrated, issueKey, keyRow, portalWithApp } from './steps';

const searchbox = (page: Page) => page.getByRole('main').getByRole('searchbox', { name: 'Search by label, or paste a key' });
const labels = (page: Page) => page.getByRole('main').locator('tbody .cell-main');

/** Chooses a value of a filter; without scripts, also submits the form. */
async function filter(page: Page, name: string, option: string, scripts: boolean) {
  await hydrated(page, scripts);
  const before = page.url();
  await page.getByRole('combobox', { name, exact: true }).selectOption({ label: option });
  if (!scripts) await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).not.toHaveURL(before);
}

test('keys are found by label, by the key itself and by filters', async ({ page, portal, javaScriptEnabled }) => {
  const scripts = javaScriptEnabled ?? true;
  const { app_id, org_id } = await portalWithApp(page);
  const { secret } = await issueKey(page, app_id, { label: 'Checkout backend' });
  await issueKey(page, app_id, { label: 'Checkout tests', type: 'Development', scopes: ['Read'] });
  await issueKey(page, app_id, { label: 'Night export', type: 'Staging', scopes: ['Read', 'Admin'] });
  const asked: string[] = [];
  page.on('request', request => asked.push(request.url()));
  await page.goto(`/apps/${app_id}/keys`);
  await expect(labels(page)).toHaveText(['Night export', 'Checkout tests', 'Checkout backend']);

  await test.step('a label', async () => {
    await searchbox(page).fill('checkout');
    await searchbox(page).press('Enter');
    await expect(page).toHaveURL(/\?label=checkout$/);
    await expect(labels(page)).toHaveText(['Checkout tests', 'Checkout backend']);
    await expect(searchbox(page)).toHaveValue('checkout');
  });

  await test.step('filters narrow it further, and are in the URL', async () => {
    await filter(page, 'Environment', 'Development', scripts);
    await expect(page).toHaveURL(/label=checkout&environment=development/);
    await expect(labels(page)).toHaveText(['Checkout tests']);
    await filter(page, 'Scope', 'Admin', scripts);
    await expect(page.getByText('No results')).toBeVisible();
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await expect(page).toHaveURL(`/apps/${app_id}/keys`);
    await filter(page, 'Scope', 'Admin', scripts);
    await expect(labels(page)).toHaveText(['Night export']);
    await page.goto(`/apps/${app_id}/keys`);
    await filter(page, 'Status', 'Paused', scripts);
    await expect(page.getByText('No results')).toBeVisible();
    await filter(page, 'Status', 'Active', scripts);
    await filter(page, 'Sort', 'Label', scripts);
    await expect(labels(page)).toHaveText(['Checkout backend', 'Checkout tests', 'Night export']);
  });

  await test.step('a pasted key leads to its page, and never into a URL', async () => {
    for (const list of [`/apps/${app_id}/keys`, `/orgs/${org_id}/keys`]) {
      await page.goto(list);
      await searchbox(page).fill(` ${secret}`);
      await searchbox(page).press('Enter');
      await expect(page).toHaveURL(/\/keys\/key_[0-9A-Za-z]+$/);
      await expect(page.getByRole('heading', { name: 'Checkout backend' })).toBeVisible();
      await page.goto(list);
      await searchbox(page).fill(secret.slice(0, 30));
      await searchbox(page).press('Enter');
      await expect(page.getByRole('status').filter({ hasText: 'No key here matches what you pasted' })).toBeVisible();
      await expect(searchbox(page)).toHaveValue('');
    }
    expect(asked.filter(url => url.includes(secret.slice(8, 20)))).toEqual([]);
    expect(portal.output).not.toContain(secret.slice(8, 20));
  });
});

test('a key is edited, paused, resumed and duplicated', async ({ page, portal }) => {
  const root = await portal.rootToken();
  const { app_id } = await portalWithApp(page);
  const key = await issueKey(page, app_id, { label: 'Checkout backend', type: 'Staging', scopes: ['Read', 'Delete'] });
  await page.goto(key.path);

  await test.step('metadata that is no JSON is refused, and kept as typed', async () => {
    await choose(page, 'Edit');
    const panel = page.getByRole('dialog', { name: 'Edit key' });
    await expect(field(panel, 'Label')).toHaveValue('Checkout backend');
    await field(panel, 'Label').fill('Checkout backend, Frankfurt');
    await field(panel, 'Metadata').fill('{"team": payments}');
    await panel.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText(/not JSON/);
    await expect(field(panel, 'Metadata')).toHaveValue('{"team": payments}');
    await expect(field(panel, 'Metadata')).toHaveAccessibleDescription(/not JSON/);
    await expect(field(panel, 'Label')).toHaveValue('Checkout backend, Frankfurt');
    await field(panel, 'Metadata').fill('{"team": "payments"}');
    await panel.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Checkout backend, Frankfurt' })).toBeVisible();
    expect(await portal.verify(root, key.secret)).toMatchObject({ valid: true, metadata: { team: 'payments' } });
  });

  await test.step('paused it is refused, resumed it is good', async () => {
    const status = page.locator('.page-sub');
    await action(page, 'Pause').click();
    await expect(status.getByText('Paused', { exact: true })).toBeVisible();
    expect((await portal.auth(key.secret)).status).toBe(403);
    expect(await portal.verify(root, key.secret)).toMatchObject({ valid: false, code: 'paused' });
    await action(page, 'Resume').click();
    await expect(status.getByText('Active', { exact: true })).toBeVisible();
    expect((await portal.auth(key.secret)).status).toBe(200);
  });

  await test.step('the panel begins with what this key has', async () => {
    await choose(page, 'Generate like this one');
    const panel = page.getByRole('dialog', { name: 'Generate API Key' });
    await expect(panel.getByRole('combobox', { name: 'Choose App' })).toHaveValue(app_id);
    await expect(field(panel, 'Label')).toHaveValue('Checkout backend, Frankfurt');
    await expect(panel.getByRole('combobox', { name: 'Key Type' })).toHaveValue('staging');
    for (const [scope, ticked] of Object.entries({ Read: true, Write: false, Delete: true, Admin: false })) {
      await expect(panel.getByRole('checkbox', { name: scope, exact: true })).toBeChecked({ checked: ticked });
    }
    await panel.getByRole('button', { name: 'Generate key' }).click();
    await expect(field(page.getByRole('dialog', { name: 'Save your key' }), 'Secret key')).toHaveValue(/^sk_test_/);
  });
});

test('all keys are revoked together, after typing the name', async ({ page, portal }) => {
  const { app_id, org_id } = await portalWithApp(page);
  for (const [list, noun, name] of [
    [`/apps/${app_id}/keys`, 'app', 'Focus Android'],
    [`/orgs/${org_id}/keys`, 'organization', 'Focus Labs'],
  ] as const) {
    const keys = [
      await issueKey(page, app_id, { label: `First of ${noun}` }),
      await issueKey(page, app_id, { label: `Second of ${noun}`, type: 'Testing' }),
    ];
    const statuses = () => Promise.all(keys.map(async key => (await portal.auth(key.secret)).status));
    await page.goto(list);
    await action(page, 'Revoke all').click();
    const dialog = page.getByRole('dialog', { name: 'Revoke all keys?' });
    await expect(dialog.getByText(`2 keys of ${name}`, { exact: true })).toBeVisible();
    await field(dialog, `Name of the ${noun}`).fill('Focus');
    await dialog.getByRole('button', { name: 'Revoke all keys' }).click();
    await expect(page.getByRole('alert')).toContainText(name);
    expect(await statuses()).toEqual([200, 200]);
    await field(dialog, `Name of the ${noun}`).fill(name);
    await field(dialog, 'Reason').fill('Laptop stolen');
    await dialog.getByRole('button', { name: 'Revoke all keys' }).click();
    await expect(page).toHaveURL(/include_revoked=1/);
    for (const label of [`First of ${noun}`, `Second of ${noun}`]) {
      await expect(keyRow(page, label).getByText('Revoked', { exact: true })).toBeVisible();
    }
    expect(await statuses()).toEqual([401, 401]);
  }
});

test('thirty keys take two pages', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  for (let index = 1; index <= 30; index++) await issueKey(page, app_id, { label: `Backend ${index}` });
  await page.goto(`/apps/${app_id}/keys?label=backend`);
  await expect(labels(page)).toHaveCount(25);
  await expect(labels(page).first()).toHaveText('Backend 30');
  await expect(page.getByRole('link', { name: 'Newer' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(labels(page)).toHaveText([5, 4, 3, 2, 1].map(index => `Backend ${index}`));
  await expect(page).toHaveURL(/label=backend/);
  await expect(page.getByRole('link', { name: 'Older' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Newer' }).click();
  await expect(labels(page)).toHaveCount(25);
  await expect(labels(page).first()).toHaveText('Backend 30');
});

test('scopes and expiry can be changed, and giving more than before has to be confirmed', async ({ page, portal, javaScriptEnabled }) => {
  const { app_id } = await portalWithApp(page);
  const key = await issueKey(page, app_id, { label: 'Checkout backend', type: 'Production', scopes: ['Read', 'Write'] });
  const write = async () => (await portal.auth(key.secret, '?scope=write')).status;
  const panel = page.getByRole('dialog', { name: 'Change scopes and expiry' });
  const scope = (name: string) => panel.getByRole('checkbox', { name, exact: true });
  const open = async () => {
    await page.goto(key.path);
    await choose(page, 'Change scopes and expiry');
    await expect(panel).toBeVisible();
    await hydrated(page, javaScriptEnabled ?? true);
  };
  const save = () => panel.getByRole('button', { name: 'Save' }).click();
  expect(await write()).toBe(200);

  await test.step('less is held at once', async () => {
    await open();
    await expect(scope('Write')).toBeChecked();
    await scope('Write').uncheck();
    await panel.getByRole('combobox', { name: 'Expires' }).selectOption({ label: 'Custom' });
    await panel.getByLabel('Custom date').fill('2020-01-31');
    await save();
    await expect(panel.getByRole('alert')).toContainText('Choose a date from');
    await expect(panel.getByLabel('Custom date')).toHaveValue('2020-01-31');
    const year = new Date().getUTCFullYear() + 1;
    await panel.getByLabel('Custom date').fill(`${year}-01-31`);
    await save();
    await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
    expect(await write()).toBe(403);
  });

  await test.step('more is asked about', async () => {
    await open();
    await scope('Write').check();
    await panel.getByRole('combobox', { name: 'Expires' }).selectOption({ label: 'Never' });
    await save();
    await expect(panel.getByRole('alert')).toContainText('it gets Write, and it never expires');
    expect(await write()).toBe(403);
    await panel.getByRole('checkbox', { name: 'Give the key more than it had' }).check();
    await save();
    await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
    expect(await write()).toBe(200);
  });
});
