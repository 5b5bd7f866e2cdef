// Going back never asks whether to send a form again.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, done, field, generateKey, hydrated, portalWithApp } from './steps';

/** If the browser would ask, Playwright reports an error, or the address is one of the browser's own pages. */
async function back(page: Page) {
  await page.goBack();
  expect(page.url()).toMatch(/^http:/);
  await hydrated(page);
}

test('from a search result', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto('/search');
  await page.getByRole('searchbox', { name: 'Search everything' }).fill('focus');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  const hit = page.getByRole('main').locator(`a[href="/apps/${app_id}"]`);
  await expect(hit).toBeVisible();
  await hydrated(page);
  await hit.click();
  await expect(page).toHaveURL(`/apps/${app_id}`);
  await back(page);
  await expect(page).toHaveURL('/search?q=focus');
  await expect(hit).toBeVisible();
});

test('after Done', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Saved' });
  await hydrated(page);
  await done(once);
  await expect(page).toHaveURL(`/apps/${app_id}/keys`);
  await hydrated(page);
  await back(page);
  await expect(page).toHaveURL(new RegExp(`/apps/${app_id}/keys`));
  await expect(page.getByRole('dialog', { name: 'Save your key' })).toHaveCount(0);
});

test('after a refused form was corrected', async ({ page }) => {
  const { project_id } = await portalWithApp(page);
  await page.goto(`/projects/${project_id}/apps/new`);
  await field(page, 'Name').fill(' ');
  await page.getByRole('button', { name: 'Create app' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await hydrated(page);
  await field(page, 'Name').fill('Corrected');
  await page.getByRole('combobox', { name: 'Operating system' }).selectOption({ label: 'Web' });
  await page.getByRole('button', { name: 'Create app' }).click();
  await expect(page).toHaveURL(/\/apps\/app_/);
  await hydrated(page);
  await back(page);
  await expect(page).toHaveURL(`/projects/${project_id}/apps/new`);
  await expect(action(page, 'Create app')).toBeVisible();
});

test('a reload of a refused form does not send it again', async ({ page }) => {
  const { project_id } = await portalWithApp(page);
  await page.goto(`/projects/${project_id}/apps/new`);
  await field(page, 'Name').fill(' ');
  await page.getByRole('button', { name: 'Create app' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await hydrated(page);
  const sent: string[] = [];
  page.on('request', request => sent.push(request.method()));
  await page.reload();
  expect(sent).not.toContain('POST');
});
