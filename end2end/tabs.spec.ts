// Two tabs with two organizations do not interfere: the organization is in the address, not in the session.
import { expect, test } from './sallyport';
import { done, field, fillPanel, hydrated, keyRow, organizationWithApp, portalWithApp } from './steps';

test('a form opened in one organization takes effect there, independent of another tab', async ({ page, context }) => {
  const here = await portalWithApp(page);
  const there = await organizationWithApp(page, 'Acme Weather', 'Acme Web');
  await page.goto(`/orgs/${here.org_id}/keys?panel=generate`);
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await fillPanel(panel, { label: 'Checkout backend' });
  const settings = await context.newPage();
  await settings.goto(`/orgs/${here.org_id}/settings`);
  await field(settings, 'Name').fill('Focus Labs, renamed');

  const other = await context.newPage();
  await other.goto('/');
  await hydrated(other);
  await other.getByRole('button', { name: 'Switch organization' }).click();
  await other.locator('#org-menu').getByRole('link', { name: /Acme Weather/ }).click();
  await expect(other).toHaveURL(`/orgs/${there.org_id}`);

  await panel.getByRole('button', { name: 'Generate key' }).click();
  await done(page.getByRole('dialog', { name: 'Save your key' }));
  await expect(page).toHaveURL(`/orgs/${here.org_id}/keys`);
  await expect(keyRow(page, 'Checkout backend').getByText('Focus Android')).toBeVisible();
  await settings.getByRole('button', { name: 'Save' }).click();
  await expect(settings).toHaveURL(new RegExp(`/orgs/${here.org_id}/settings`));

  await other.goto(`/orgs/${there.org_id}/keys`);
  await expect(keyRow(other, 'Checkout backend')).toHaveCount(0);
  await expect(other.getByRole('button', { name: 'Switch organization' })).toHaveAccessibleDescription(/Acme Weather/);
  await other.reload();
  await expect(other.getByRole('button', { name: 'Switch organization' })).toHaveAccessibleDescription(/Acme Weather/);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Switch organization' })).toHaveAccessibleDescription(/Focus Labs, renamed/);
});
