// Capability tokens of an app, with and without scripts.
import { expect, test } from './sallyport';
import { action, downloadJson, field, portalWithApp } from './steps';

test('a capability token is minted, shown once, verified and revoked', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  await page.getByRole('link', { name: 'Mint or revoke' }).click();
  await expect(page.getByRole('heading', { name: 'Capability tokens' })).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Lifetime' })).toHaveValue('86400');
  await page.getByRole('checkbox', { name: 'focus' }).check();
  await page.getByRole('button', { name: 'Mint token' }).click();
  await expect(field(page, 'Subject')).toHaveAccessibleDescription(/Name the subject/);
  await expect(page.getByRole('checkbox', { name: 'focus' })).toBeChecked();
  await field(page, 'Subject').fill('person-7');
  await page.getByRole('checkbox', { name: 'export' }).check();
  await page.getByRole('combobox', { name: 'Lifetime' }).selectOption({ label: '7 days' });
  await page.getByRole('button', { name: 'Mint token' }).click();

  const once = page.getByRole('dialog', { name: 'Save your token' });
  const token = await field(once, 'Capability token').inputValue();
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
  expect(claims).toMatchObject({ aud: app_id, sub: 'person-7', modules: ['focus'], channels: ['export'] });
  const file = await downloadJson(page, action(once, 'Download sallyport.json'));
  expect(file.name).toBe('sallyport.json');
  expect(file.json).toMatchObject({ app_id, app_api_key: '', capability_token: token });
  await once.getByRole('checkbox', { name: 'I have saved this token' }).check();
  await action(once, 'Done').click();
  await expect(page).toHaveURL(/\/capabilities\??$/);
  expect(await page.content()).not.toContain(token);

  const root = (await portal.cli('token', 'create', '--name', 'Runtime')).match(/sp_root_[0-9A-Za-z]+/)![0];
  const code = async () => {
    const headers = { authorization: `Bearer ${root}`, 'content-type': 'application/json' };
    const asked = { method: 'POST', headers, body: JSON.stringify({ token, app_id, modules: ['focus'] }) };
    const answer = await fetch(`${portal.url}/v1/capabilities/verify`, asked);
    return ((await answer.json()) as { code: string }).code;
  };
  expect(await code()).toBe('valid');
  await action(page, 'Revoke all tokens').click();
  const dialog = page.getByRole('dialog', { name: 'Revoke all tokens?' });
  await dialog.getByRole('button', { name: 'Revoke all tokens' }).click();
  await expect(field(dialog, 'Name of the app')).toHaveAccessibleDescription(/as it is written here/);
  await field(dialog, 'Name of the app').fill('Focus Android');
  await dialog.getByRole('button', { name: 'Revoke all tokens' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'All capability tokens of this app are revoked.' })).toBeVisible();
  expect(await code()).toBe('revoked');
});
