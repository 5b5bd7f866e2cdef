// Filters are applied on Enter, on blur or on a choice, never while a field is being changed (WCAG 3.2.2).
import { expect, test } from './sallyport';
import { hydrated, portalWithApp } from './steps';

test.beforeEach(async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/activity`);
  await hydrated(page);
});

test('a date is applied when the field is left or Enter is pressed', async ({ page }) => {
  const from = page.getByLabel('From', { exact: true });
  await from.focus();
  await from.pressSequentially('11202026', { delay: 150 });
  await expect(from).toHaveValue('2026-11-20');
  expect(new URL(page.url()).search).toBe('');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\?from=2026-11-20$/);
  await hydrated(page);
  await expect(page.getByLabel('From', { exact: true })).toBeFocused();

  const to = page.getByLabel('To', { exact: true });
  await to.fill('2026-11-30');
  await to.blur();
  await expect(page).toHaveURL(/\?from=2026-11-20&to=2026-11-30$/);
});

test('arrow keys choose, Tab and Enter apply', async ({ page }) => {
  const outcome = page.getByLabel('Outcome', { exact: true });
  await outcome.focus();
  await page.keyboard.press('ArrowDown');
  await expect(outcome).toHaveValue('done');
  await page.keyboard.press('ArrowDown');
  await expect(outcome).toHaveValue('refused');
  expect(new URL(page.url()).search).toBe('');
  await page.keyboard.press('Tab');
  await expect(page).toHaveURL(/\?outcome=refused$/);
  await hydrated(page);
  await expect(page.getByLabel('From', { exact: true })).toBeFocused();
});

test('Apply applies several fields together', async ({ page }) => {
  await page.getByLabel('From', { exact: true }).fill('2026-11-20');
  await page.getByLabel('To', { exact: true }).fill('2026-11-30');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/\?from=2026-11-20&to=2026-11-30$/);
});

test('an invalid value is an error beside the field', async ({ page }) => {
  await page.goto(`${page.url()}?outcome=maybe`);
  const outcome = page.getByLabel('Outcome', { exact: true });
  await expect(outcome).toHaveAccessibleDescription('The outcome is done or refused.');
  await expect(page.getByRole('table', { name: 'Activity' })).toHaveCount(0);
});
