// Keys that expire soon: listed, extended after the name was typed, rotated one after the other; with and without scripts.
import { expect, test } from './sallyport';
import { confirmation, field, issueKey, portalWithApp } from './steps';

test('keys that expire soon need attention, and are extended', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Checkout', expires: '7' });
  await issueKey(page, app_id, { label: 'Reports', expires: '7' });

  await page.goto(`/orgs/${org_id}`);
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Checkout', exact: true }).first()).toBeVisible();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Expiring soon' }).click();
  await expect(page.getByRole('heading', { name: 'Expiring soon', exact: true })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Within 14 days' })).toBeVisible();

  await test.step('extended', async () => {
    await page.getByRole('checkbox', { name: 'Select Checkout' }).check();
    await page.getByRole('button', { name: 'Extend selected' }).click();
    const dialog = page.getByRole('dialog', { name: 'Extend 1 key?' });
    await dialog.getByRole('combobox', { name: 'New expiry' }).selectOption({ label: '90 days' });
    await field(dialog, 'Name of the organization').fill(await confirmation(page));
    await dialog.getByRole('button', { name: 'Extend 1 key' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'The selected keys expire later.' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Reports', exact: true })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Checkout', exact: true })).toHaveCount(0);
  });

  await test.step('rotated', async () => {
    await page.getByRole('checkbox', { name: 'Select Reports' }).check();
    await page.getByRole('button', { name: 'Rotate selected' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rotate 1 key' });
    await dialog.getByRole('link', { name: 'Rotate Reports' }).click();
    await expect(page.getByRole('dialog', { name: 'Rotate key' })).toBeVisible();
  });
});
