// The dialog that shows the secrets once: it stays open until it is completed, and never shows them again.
import { expect, test } from './sallyport';
import { action, clipboard, done, downloadJson, field, generateKey, keyRow, portalWithApp } from './steps';

test('Escape, clicks outside and Done without the checkbox leave it open', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Stays' });
  // Browsers close a dialog on the second Escape, even if the page cancels each.
  for (let press = 0; press < 3; press++) {
    await page.keyboard.press('Escape');
    await expect(once).toBeVisible();
  }
  await page.mouse.click(5, 5);
  await page.mouse.click(1435, 895);
  await expect(once).toBeVisible();
  await action(once, 'Done').click({ force: true });
  await expect(once).toBeVisible();
  await expect(field(once, 'Secret key')).toHaveValue(/^sk_live_/);
  await done(once);
});

test('the copy buttons copy the secrets', async ({ page, context }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Copied' });
  for (const name of ['Secret key', 'Signing secret']) {
    const value = await field(once, name).inputValue();
    // Repeated, since the first click may come before the island runs.
    await expect(async () => {
      await once.getByRole('button', { name: `Copy ${name.toLowerCase()}` }).click();
      expect(await clipboard(context)).toBe(value);
    }).toPass();
  }
});

test('the fields of the secrets are read-only', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Read only' });
  await expect(field(once, 'Secret key')).not.toBeEditable();
  await expect(field(once, 'Signing secret')).not.toBeEditable();
});

test('a reload says that the secrets were shown, and creates no second key', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Reloaded' });
  const secret = await field(once, 'Secret key').inputValue();
  await page.reload();
  await expect(page.getByText(/already shown/i).first()).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await page.goto(`/apps/${app_id}/keys`);
  await expect(keyRow(page, 'Reloaded')).toHaveCount(1);
});

test('going back does not show the secrets again', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Gone' });
  await done(once);
  await page.goBack().catch(() => undefined); // the browser may refuse to show the response to a POST again
  await expect(page.getByRole('textbox', { name: 'Secret key' })).toHaveCount(0);
});

test('two clicks create one key', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/keys?panel=generate`);
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await field(panel, 'Label').fill('Twice');
  await panel.getByRole('checkbox', { name: 'Read', exact: true }).check();
  await panel.getByRole('button', { name: 'Generate key' }).dblclick();
  await expect(
    page.getByRole('dialog', { name: 'Save your key' }).or(page.getByText(/already shown/i)).first(),
  ).toBeVisible();
  await page.goto(`/apps/${app_id}/keys`);
  await expect(keyRow(page, 'Twice')).toHaveCount(1);
});

test('without a signing secret: one secret, five fields', async ({ page }) => {
  const ids = await portalWithApp(page);
  const once = await generateKey(page, ids.app_id, { label: 'Plain', signingSecret: false });
  await expect(field(once, 'Signing secret')).toHaveCount(0);
  const secret_key = await field(once, 'Secret key').inputValue();
  const credentials = await downloadJson(page, action(once, 'Download credentials JSON'));
  expect(credentials.json).toEqual({ ...ids, secret_key });
});

test('a key created before WebAssembly has loaded is not lost', async ({ page }) => {
  await page.route('**/*.wasm', route => route.abort());
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Early' });
  await expect(field(once, 'Secret key')).toHaveValue(/^sk_live_/);
});
