// Printed pages: without the frame, tables as tables, and never with a secret.
import { expect, test } from './sallyport';
import { done, field, generateKey, portalWithApp } from './steps';

test('a list is printed as a table, without navigation and buttons', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await done(await generateKey(page, app_id, { label: 'Checkout backend' }));
  await page.setViewportSize({ width: 700, height: 900 }); // about the width of a sheet
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const path of [`/apps/${app_id}/keys`, `/orgs/${org_id}/activity`]) {
    await page.goto(path);
    await expect(page.getByRole('main').getByRole('heading').first()).toBeVisible();
    for (const hidden of ['.sidebar', '.topbar', '.filter-bar', '.page-head .actions']) {
      for (const part of await page.locator(hidden).all()) await expect(part, `${hidden} of ${path}`).toBeHidden();
    }
    const display = (selector: string) =>
      page.locator(selector).first().evaluate(element => getComputedStyle(element).display);
    expect(await display('.data-table')).toBe('table');
    expect(await display('.data-table thead')).toBe('table-header-group');
    expect(await display('.data-table tbody tr')).toBe('table-row');
    const scheme = await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    expect(scheme).toBe('light');
    const times = page.locator('main time');
    const printed = await times.first().evaluate(time => getComputedStyle(time, '::after').content);
    expect(printed, 'the moment, not how long ago').toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d/);
    const head = await page.locator('main').evaluate(main => getComputedStyle(main, '::before').content);
    expect(head).toContain('Focus Labs');
    const box = (await page.locator('.data-table').first().boundingBox())!;
    expect(box.x + box.width, 'nothing is cut at the edge').toBeLessThanOrEqual(700);
  }
});

test('secrets are not printed, and the printed page says so', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  const secret = await field(once, 'Secret key').inputValue();
  const line = page.getByText('Secrets are not printed.');
  await expect(line).toBeHidden();
  await page.emulateMedia({ media: 'print' });
  await expect(line).toBeVisible();
  await expect(once).toBeHidden();
  for (const input of await page.locator('input').all()) {
    if ((await input.inputValue()) === secret) await expect(input).toBeHidden();
  }
  await page.emulateMedia({ media: 'screen' });
  await expect(field(once, 'Secret key')).toHaveValue(secret);
});
