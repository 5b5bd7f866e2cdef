// Views of the key list that a person saved.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, choose, field, hydrated, issueKey, keyRow, organizationWithApp, portalWithApp, send } from './steps';

async function check(page: Page, where: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(v => `${v.id}: ${v.nodes.map(n => `${n.target} ${n.failureSummary}`).join('\n')}`);
    expect.soft(found, `${where}, ${colorScheme}`).toEqual([]);
  }
}

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('filters are saved under a name, opened again and deleted', async ({ page }) => {
      const { app_id, org_id } = await portalWithApp(page);
      await issueKey(page, app_id, { label: 'Live backend' });
      await issueKey(page, app_id, { label: 'Laptop', type: 'Development' });
      for (const list of [`/apps/${app_id}/keys`, `/orgs/${org_id}/keys`]) {
        await page.goto(list);
        await expect(page.getByRole('link', { name: 'Save view' })).toHaveCount(0);
        await page.goto(`${list}?environment=development&sort=label`);
        await hydrated(page, scripts);
        await page.getByRole('link', { name: 'Save view', exact: true }).click();
        const dialog = page.getByRole('dialog', { name: 'Save view' });
        await expect(field(dialog, 'Name')).toBeFocused();
        await field(dialog, 'Name').fill('  ');
        await dialog.getByRole('button', { name: 'Save view' }).click();
        await expect(field(dialog, 'Name')).toHaveAccessibleDescription(/Give the view a name\./);
        await field(dialog, 'Name').fill('Test keys');
        await dialog.getByRole('button', { name: 'Save view' }).click();
        await expect(page).toHaveURL(`${list}?environment=development&sort=label`);

        const views = page.getByRole('navigation', { name: 'Views', exact: true });
        await expect(views.getByRole('link')).toHaveText(['All keys', 'Test keys']);
        await expect(views.getByRole('link', { name: 'Test keys' })).toHaveAttribute('aria-current', 'page');
        await expect(page.getByRole('link', { name: 'Save view' })).toHaveCount(0);
        await views.getByRole('link', { name: 'All keys' }).click();
        await expect(keyRow(page, 'Live backend')).toBeVisible();
        await views.getByRole('link', { name: 'Test keys' }).click();
        await expect(keyRow(page, 'Live backend')).toHaveCount(0);
        await expect(keyRow(page, 'Laptop')).toBeVisible();

        await hydrated(page, scripts);
        await choose(page, 'Delete Test keys', 'Manage views');
        const asked = page.getByRole('dialog', { name: 'Delete this view?' });
        await action(asked, 'Cancel').click();
        await expect(views.getByRole('link', { name: 'Test keys' })).toBeVisible();
        await choose(page, 'Delete Test keys', 'Manage views');
        await asked.getByRole('button', { name: 'Delete view' }).click();
        await expect(page).toHaveURL(`${list}?environment=development&sort=label`);
        await expect(views).toHaveCount(0);
        await expect(page.getByRole('link', { name: 'Save view', exact: true })).toBeVisible();
      }
    });
  });
}

test('views fit every width, and axe finds nothing', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Checkout backend' });
  const list = `/apps/${app_id}/keys`;
  for (const [name, filters] of [['Live', 'environment=production'], ['Unused for long', 'status=unused&sort=last_used'], ['Expires first', 'sort=expires']]) {
    await send(page, `${list}/views`, { do: 'save', name: name!, filters: filters! });
  }
  for (const path of [list, `${list}?environment=production`, `${list}?environment=production&scope=read`]) {
    await page.goto(path);
    await hydrated(page);
    await check(page, path);
    for (const width of [1440, 1180, 900, 768, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(wide, `${path} at ${width}`).toBe(0);
      const cut = await page.locator('.table-box').evaluate(box => box.scrollWidth - box.clientWidth);
      expect.soft(cut, `${path}: the table at ${width}`).toBe(0);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  await page.getByRole('link', { name: 'Save view', exact: true }).click();
  await check(page, 'save view');
  await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page, 'save view, refused');
  await page.goto(`${list}?environment=production`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Manage views' }).click();
  await check(page, 'menu of a view');
  await page.getByRole('link', { name: 'Delete Live', exact: true }).click();
  await check(page, 'delete view');
});

test('views of another organization and of another person are not there', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const other = await organizationWithApp(page, 'Elsewhere', 'Other');
  await issueKey(page, app_id, { label: 'Backend' });
  await send(page, `/apps/${app_id}/keys/views`, { do: 'save', name: 'Live', filters: 'environment=production' });
  await page.goto(`/apps/${other.app_id}/keys?environment=production`);
  await expect(page.getByRole('navigation', { name: 'Views', exact: true })).toHaveCount(0);
});
