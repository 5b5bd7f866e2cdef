// Service accounts: made, given a token, used on /v1 and stopped; with and without scripts.
import { expect, test } from './sallyport';
import { action, confirmation, field, portalWithApp } from './steps';

test('a service account is made, calls the API, and is stopped', async ({ page, portal }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/members`);
  await action(page, 'Service accounts').click();
  await expect(page.getByText('No service accounts')).toBeVisible();
  await action(page, 'New service account').click();
  const panel = page.getByRole('dialog', { name: 'New service account' });
  await panel.getByRole('combobox', { name: 'Role' }).selectOption({ label: 'Developer' });
  await panel.getByRole('button', { name: 'Create service account' }).click();
  await expect(field(panel, 'Name')).toHaveAccessibleDescription(/Give the service account a name/);
  await expect(panel.getByRole('combobox', { name: 'Role' })).toHaveValue('developer');
  await field(panel, 'Name').fill('Nightly import');
  await panel.getByRole('button', { name: 'Create service account' }).click();
  await expect(page.getByRole('heading', { name: 'Nightly import' })).toBeVisible();
  const account = new URL(page.url()).pathname;

  await action(page, 'New token').click();
  const dialog = page.getByRole('dialog', { name: 'New token' });
  await field(dialog, 'Name').fill('build-3');
  await dialog.getByRole('button', { name: 'Create token' }).click();
  const once = page.getByRole('dialog', { name: 'Save your token' });
  const token = await field(once, 'Token').inputValue();
  expect(token).toMatch(/^sp_svc_[0-9A-Za-z]+$/);
  const call = async () => (await fetch(`${portal.url}/v1/orgs/${org_id}`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await call()).toBe(200);
  await once.getByRole('checkbox', { name: 'I have saved this token' }).check();
  await action(once, 'Done').click();
  await expect(page).toHaveURL(new RegExp(`${account}\\??$`));
  expect(await page.content()).not.toContain(token);
  await expect(page.getByRole('table', { name: 'Tokens' }).getByRole('row').filter({ hasText: 'build-3' })).toContainText('read');

  await action(page, 'Disable').click();
  const asking = page.getByRole('dialog', { name: 'Disable this service account?' });
  await asking.getByRole('button', { name: 'Disable service account' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Requests with its tokens are refused.' })).toBeVisible();
  expect(await call()).toBe(401);
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Its tokens work again.' })).toBeVisible();
  expect(await call()).toBe(200);

  await action(page, 'Revoke build-3').click();
  await page.getByRole('dialog', { name: 'Revoke this token?' }).getByRole('button', { name: 'Revoke token' }).click();
  await expect(page.getByText('No token yet')).toBeVisible();
  expect(await call()).toBe(401);

  await action(page, 'Remove').click();
  await field(page, 'Name of the service account').fill(await confirmation(page));
  await page.getByRole('button', { name: 'Remove service account' }).click();
  await expect(page.getByText('No service accounts')).toBeVisible();
});
