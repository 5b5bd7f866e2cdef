// Personal tokens on the page of the account, with and without scripts.
import { expect, test } from './sallyport';
import { action, field, portalWithApp } from './steps';

test('a personal token is shown once, and revoked', async ({ page, portal }) => {
  await portalWithApp(page);
  await page.goto('/account');
  await action(page, 'New token').click();
  const panel = page.getByRole('dialog', { name: 'New token' });
  const read = panel.getByRole('checkbox', { name: 'See organizations, apps, keys, members and activity' });
  await expect(read).toBeChecked();
  await expect(read).toBeDisabled();
  await expect(panel.getByRole('combobox', { name: 'Expires' })).toHaveValue('90');
  await panel.getByRole('checkbox', { name: 'Generate, change and revoke keys' }).check();
  await panel.getByRole('button', { name: 'Create token' }).click();
  await expect(field(panel, 'Name')).toHaveAccessibleDescription(/Give the token a name/);
  await expect(panel.getByRole('checkbox', { name: 'Generate, change and revoke keys' })).toBeChecked();
  await field(panel, 'Name').fill('Terraform');
  await panel.getByRole('button', { name: 'Create token' }).click();

  const once = page.getByRole('dialog', { name: 'Save your token' });
  const token = await field(once, 'Personal token').inputValue();
  expect(token).toMatch(/^sp_pat_[0-9A-Za-z]+$/);
  const call = () => fetch(`${portal.url}/v1/orgs`, { headers: { authorization: `Bearer ${token}` } });
  expect((await call()).status).toBe(200);
  await once.getByRole('checkbox', { name: 'I have saved this token' }).check();
  await action(once, 'Done').click();
  await expect(page).toHaveURL(/\/account\??$/);
  expect(await page.content()).not.toContain(token);

  const row = page.getByRole('table', { name: 'Personal tokens' }).getByRole('row').filter({ hasText: 'Terraform' });
  await expect(row).toContainText('read');
  await action(row, 'Revoke Terraform').click();
  await page.getByRole('dialog', { name: 'Revoke this token?' }).getByRole('button', { name: 'Revoke token' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'The token is revoked.' })).toBeVisible();
  await expect(page.getByText('No personal token yet')).toBeVisible();
  expect((await call()).status).toBe(401);
});
