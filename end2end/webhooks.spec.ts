// Webhooks: an endpoint is made, its secret shown once, a test event sent and listed; with and without scripts.
import { expect, test } from './sallyport';
import { action, field, hydrated, portalWithApp } from './steps';

test('an endpoint is made, tested and deleted', async ({ page, javaScriptEnabled }) => {
  const scripts = javaScriptEnabled ?? true;
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}`);
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByRole('heading', { name: 'No webhooks' })).toBeVisible();
  await page.getByRole('link', { name: 'Events and schemas' }).click();
  await page.getByRole('link', { name: 'member.added', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'member.added' })).toBeVisible();
  await expect(page.getByText('"const": "member.added"').first()).toBeVisible();
  await page.goto(`/orgs/${org_id}/webhooks`);
  await page.getByRole('link', { name: 'New endpoint' }).click();
  const panel = page.getByRole('dialog', { name: 'New endpoint' });
  await field(panel, 'Endpoint URL').fill('https://10.0.0.1/');
  await panel.getByRole('button', { name: 'Create endpoint' }).click();
  await expect(page.getByRole('alert')).toContainText('not on the public internet');
  await field(panel, 'Endpoint URL').fill('https://hooks.example.com/keys');
  await panel.getByRole('button', { name: 'Create endpoint' }).click();

  const once = page.getByRole('dialog', { name: 'Save your secret' });
  await hydrated(page, scripts);
  const secret = await field(once, 'Signing secret').inputValue();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await once.getByRole('checkbox', { name: 'I have saved this secret' }).check();
  await action(once, 'Done').click();
  await expect(page.getByRole('heading', { name: 'hooks.example.com' })).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  await page.getByRole('button', { name: 'Send test event' }).click();
  const row = page.getByRole('table', { name: 'Deliveries' }).getByRole('row').filter({ hasText: 'webhook.test' });
  await expect(row).toBeVisible();
  for (const column of ['Event', 'Status', 'Attempts', 'Time']) {
    await expect(page.getByRole('columnheader', { name: column, exact: true })).toBeVisible();
  }
  await row.getByRole('link', { name: 'webhook.test' }).click();
  await expect(page.getByRole('heading', { name: 'Request body' })).toBeVisible();

  await page.goto(`/orgs/${org_id}/webhooks`);
  await page.getByRole('button', { name: 'Regenerate secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Regenerate secret' });
  await dialog.getByRole('combobox', { name: 'Old secret signs, too' }).selectOption({ label: '24 hours' });
  await dialog.getByRole('button', { name: 'Regenerate secret' }).click();
  await hydrated(page, scripts);
  expect(await field(page.getByRole('dialog', { name: 'Save your secret' }), 'Signing secret').inputValue()).not.toBe(secret);
  await page.getByRole('checkbox', { name: 'I have saved this secret' }).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('the one before signs, too')).toBeVisible();

  await action(page, 'Delete').click();
  await field(page, 'Host of the endpoint').fill('hooks.example.com');
  await page.getByRole('button', { name: 'Delete endpoint' }).click();
  await expect(page.getByRole('heading', { name: 'No webhooks' })).toBeVisible();
});
