// Requests are counted, and shown as a chart, as a table and as a file, with and without scripts.
import { expect, test } from './sallyport';
import { action, issueKey, portalWithApp } from './steps';

test('requests are shown over time', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Counted', scopes: ['Read'] });
  await page.goto(`${path}/usage`);
  await expect(page.getByText('No request was verified in the last 24 hours.')).toBeVisible();
  for (const query of ['?scope=read', '', '?scope=write']) await portal.auth(secret, query);
  // They are written within two seconds.
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('3 requests in the last 24 hours')).toBeVisible({ timeout: 200 });
  }).toPass();

  await expect(page.getByRole('heading', { name: 'Requests', exact: true })).toBeVisible();
  await expect(page.getByRole('img', { name: '3 requests in the last 24 hours: 2 accepted, 0 limited, 1 refused' })).toBeVisible();
  await expect(page.getByRole('link', { name: '24 h', exact: true })).toHaveAttribute('aria-current', 'true');
  for (const range of ['1 h', '7 d', '30 d', '12 mo']) {
    await page.getByRole('link', { name: range, exact: true }).click();
    await expect(page.getByRole('link', { name: range, exact: true })).toHaveAttribute('aria-current', 'true');
    await expect(page.getByText(/^3 requests in the last/)).toBeVisible();
  }
  await page.getByRole('button', { name: 'Show as table' }).click();
  await expect(page.getByRole('cell', { name: '2', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: '12 mo', exact: true })).toHaveAttribute('aria-current', 'true');
  const download = page.waitForEvent('download');
  await action(page, 'Export CSV').click();
  expect((await download).suggestedFilename()).toBe(`usage-${path.split('/').pop()}-12mo.csv`);
  await page.getByRole('button', { name: 'Show as chart' }).click();
  await page.getByRole('link', { name: 'The key lacks a scope' }).click();
  await expect(page.getByRole('row', { name: /The key lacks a scope/ })).toHaveCount(1);
});

test('the numbers keep up to date, and each bar is read with the keyboard', async ({ page, portal, javaScriptEnabled }) => {
  test.skip(!javaScriptEnabled, 'the page is loaded again, and the table has the numbers');
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Counted', scopes: ['Read'] });
  await page.goto(`${path}/usage`);
  await expect(page.getByText('No request was verified in the last 24 hours.')).toBeVisible();
  await portal.auth(secret, '?scope=read');
  await expect(page.getByText('1 request in the last 24 hours')).toBeVisible({ timeout: 30_000 });
  const bars = page.getByRole('slider', { name: 'Requests by time' });
  await bars.focus();
  await expect(page.locator('.chart-value')).toHaveText(/UTC: 1 accepted$/);
  await page.keyboard.press('Home');
  await expect(bars).toHaveAttribute('aria-valuetext', /UTC: no requests$/);
  await page.keyboard.press('End');
  await portal.auth(secret, '?scope=read');
  await expect(bars).toHaveAttribute('aria-valuetext', /UTC: 2 accepted$/, { timeout: 30_000 });
  await expect(bars).toBeFocused();
});

test('requests of a key are listed and filtered', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Counted', scopes: ['Read'] });
  for (const query of ['?scope=read', '?scope=write']) await portal.auth(secret, query);
  await page.goto(`${path}/activity`);
  await page.getByRole('link', { name: 'Requests', exact: true }).click();
  // They are written within two seconds.
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('row')).toHaveCount(3, { timeout: 200 });
  }).toPass();
  await page.goto(`${path}/activity/requests?result=refused`);
  await page.getByRole('link', { name: 'The key lacks a scope' }).click();
  await expect(page.getByRole('heading', { name: 'Refused request' })).toBeVisible();
});
