// On a phone: the menu and the filters are folded, and nothing scrolls sideways.
import { crawl, shape } from './crawl';
import { expect, test } from './sallyport';
import { done, generateKey, hydrated, issueKey, person, portalWithApp, tab } from './steps';

test('the folded menu leads to the keys, and the filters unfold', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await done(await generateKey(page, app_id, { label: 'Checkout backend' }));
  await hydrated(page);
  const menu = page.getByRole('button', { name: 'Menu' });
  const link = page.locator('#sidebar').getByRole('link', { name: 'API keys' });
  await expect(link).toBeHidden();
  await menu.tap();
  await link.tap();
  await expect(page).toHaveURL(new RegExp(`/orgs/${org_id}/keys\\?tenant=ten_`)); // the tenant stays selected
  await hydrated(page);
  const status = page.getByRole('combobox', { name: 'Status', exact: true });
  await expect(status).toBeHidden();
  await page.getByText('Filters', { exact: true }).tap();
  await status.selectOption({ label: 'Active' });
  await expect(page).toHaveURL(/status=active/);
  await expect(status).toBeVisible(); // filters that are set are not folded
  await menu.tap();
  await page.getByRole('button', { name: 'Switch tenant' }).tap();
  await page.locator('#tenant-menu').getByRole('link', { name: 'Staging' }).tap();
  await page.getByRole('link', { name: 'Mobile', exact: true }).tap();
  await page.getByRole('link', { name: 'Focus Android', exact: true }).tap();
  await tab(page, 'Settings').tap();
  await expect(page).toHaveURL(`/apps/${app_id}/settings`);
});

test('no page scrolls sideways', async ({ page }) => {
  test.setTimeout(120_000);
  const { app_id, org_id } = await portalWithApp(page);
  const long = `Checkout-backend-${'of-the-European-subsidiary-'.repeat(3)}`;
  const key = await issueKey(page, app_id, { label: long, scopes: ['Read', 'Write', 'Delete', 'Admin'] });
  const wide = () => page.evaluate(() => document.scrollingElement!.scrollWidth);
  const width = page.viewportSize()!.width;
  const seen = await crawl(
    page,
    '/',
    `/apps/${app_id}/keys?panel=generate`,
    ...['edit', 'revoke'].map(verb => `${key.path}/${verb}`),
    ...[`/orgs/${org_id}`, `/apps/${app_id}`].map(path => `${path}/keys/revoke-all`),
    ...[`/orgs/${org_id}`, `/apps/${app_id}`].map(path => `${path}/settings/delete`),
    '/nothing/here',
  );
  const pages = new Map(seen.filter(({ type }) => type.startsWith('text/html')).map(({ path }) => [shape(path), path]));
  expect(pages.size).toBeGreaterThan(25);
  for (const path of pages.values()) {
    await page.goto(path);
    expect.soft(await wide(), path).toBeLessThanOrEqual(width);
  }
  const once = await generateKey(page, app_id, { label: long });
  await expect(once).toBeVisible();
  expect.soft(await wide(), 'one-time dialog').toBeLessThanOrEqual(width);
});

test('actions of rows and lists are in menus, and the contents of the reference unfold', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Checkout backend' });
  await page.goto(`/apps/${app_id}/keys`);
  await expect(page.getByRole('link', { name: 'Export CSV' })).toBeHidden();
  await page.getByRole('button', { name: 'More actions', exact: true }).tap();
  await expect(page.getByRole('link', { name: 'Export CSV' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Revoke all' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.goto(`/orgs/${org_id}/members`);
  await page.getByRole('button', { name: `Actions for ${person.name}` }).tap();
  await page.getByRole('link', { name: 'Change role' }).tap();
  await expect(page.getByRole('dialog', { name: 'Change role' })).toBeVisible();
  await page.goto('/docs?group=keys');
  const contents = page.getByRole('navigation', { name: 'Contents' });
  await expect(contents.getByRole('link', { name: 'Guide' })).toBeHidden();
  await contents.getByText('Contents', { exact: true }).tap();
  await contents.getByRole('link', { name: 'Guide' }).tap();
  await expect(page).toHaveURL(/\/docs$/);
});
