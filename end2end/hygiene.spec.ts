// What keys were used for, the narrower key that follows, and the checks of the keys in use, with and without scripts.
import { expect, test } from './sallyport';
import { confirmation, field, issueKey, portalWithApp } from './steps';

test('a key is narrowed to what it was used for', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Wide', scopes: ['Read', 'Write', 'Delete'] });
  await page.goto(path);
  await expect(page.getByRole('heading', { name: 'Least privilege' })).toHaveCount(0);
  await portal.auth(secret, '?scope=read');
  // It is written within two seconds.
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('This key used 1 of 3 scopes in 1 day.')).toBeVisible({ timeout: 200 });
  }).toPass();
  await page.getByRole('link', { name: 'Make a narrower key' }).click();

  const panel = page.getByRole('dialog', { name: 'Make a narrower key' });
  await expect(field(panel, 'Label')).toHaveValue('Wide (narrower)');
  await expect(panel.getByRole('checkbox', { name: /^Read/ })).toBeChecked();
  await expect(panel.getByRole('checkbox', { name: /^Write/ })).not.toBeChecked();
  await expect(field(panel, 'Allowed addresses')).toHaveValue('127.0.0.0/24');
  await expect(panel.getByRole('radio', { name: /^Monitor only/ })).toBeChecked();
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await expect(page.getByRole('dialog', { name: 'Save your key' })).toBeVisible();
});

test('keys that a check finds are paused after the name was typed', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Forgotten' });
  await issueKey(page, app_id, { label: 'Other' });
  await page.goto(`/orgs/${org_id}/keys`);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Hygiene' }).click();
  await expect(page.getByRole('heading', { name: 'Hygiene', exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Never used', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Never used' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Never used', exact: true })).toHaveAttribute('aria-current', 'page');

  await page.getByRole('checkbox', { name: 'Select Forgotten' }).check();
  await page.getByRole('button', { name: 'Pause selected' }).click();
  const dialog = page.getByRole('dialog', { name: 'Pause 1 key?' });
  await dialog.getByRole('button', { name: 'Pause 1 key' }).click();
  await expect(page.getByText(/^Type the name as it is written here/).first()).toBeVisible();
  await field(page.getByRole('dialog'), 'Name of the organization').fill(await confirmation(page));
  await page.getByRole('dialog').getByRole('button', { name: 'Pause 1 key' }).click();
  await expect(page.getByText('The selected keys are paused.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Other', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Forgotten', exact: true })).toHaveCount(0);
});
