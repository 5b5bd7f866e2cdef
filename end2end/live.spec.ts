// Pages that change in place: acts, filters and events without loading the page.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, choose, done, field, generateKey, hydrated, issueKey, keyRow, portalWithApp, send } from './steps';

/** Marks the document: a load of the page removes the mark, a change in place does not. */
async function mark(page: Page) {
  await hydrated(page);
  await page.evaluate(() => (document.documentElement.dataset.marked = 'true'));
  return () => expect(page.locator('html'), 'the page was not left').toHaveAttribute('data-marked', 'true');
}

const announcer = (page: Page) => page.locator('#announcer');

test('a key is paused and resumed in the list and on its page', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Backend' });
  await issueKey(page, app_id, { label: 'Worker' });

  await test.step('in the list', async () => {
    await page.goto(`/apps/${app_id}/keys`);
    const stays = await mark(page);
    const menu = page.getByRole('button', { name: 'Actions for Backend' });
    await choose(page, 'Pause Backend', 'Actions for Backend');
    await expect(keyRow(page, 'Backend').getByText('Paused', { exact: true })).toBeVisible();
    await expect(keyRow(page, 'Worker').getByText('Active', { exact: true })).toBeVisible();
    await expect(announcer(page)).toHaveText(/^Paused\./);
    await expect(menu).toBeFocused(); // the button of the changed row; the menu itself is closed
    expect((await portal.auth(secret)).status).toBe(403);
    // The islands of the new rows run.
    await choose(page, 'Resume Backend', 'Actions for Backend');
    await expect(keyRow(page, 'Backend').getByText('Active', { exact: true })).toBeVisible();
    expect((await portal.auth(secret)).status).toBe(200);
    await stays();
  });

  await test.step('on its page', async () => {
    await page.goto(path);
    const stays = await mark(page);
    await action(page, 'Pause').click();
    await expect(page.locator('.page-sub').getByText('Paused', { exact: true })).toBeVisible();
    await expect(action(page, 'Resume')).toBeFocused();
    // Times in the new content are in the reader's zone, too.
    await expect(page.locator('main time').first()).toHaveAttribute('tabindex', '-1');
    await action(page, 'Resume').click();
    await expect(page.locator('.page-sub').getByText('Active', { exact: true })).toBeVisible();
    await stays();
  });

  await test.step('what fails is said by a page', async () => {
    await send(page, '/sign-out', {});
    await action(page, 'Pause').click();
    await expect(page).toHaveURL(/\/sign-in/);
    expect((await portal.auth(secret)).status).toBe(200);
  });
});

test('revoked keys are shown in place, and going back hides them', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const { path } = await issueKey(page, app_id, { label: 'Old' });
  await issueKey(page, app_id, { label: 'Current' });
  await send(page, `${path}/revoke`, { reason: '' });
  await page.goto(`/apps/${app_id}/keys`);
  const stays = await mark(page);
  await expect(keyRow(page, 'Old')).toHaveCount(0);
  const box = page.getByRole('checkbox', { name: 'Include revoked' });
  await box.click();
  await expect(page).toHaveURL(`/apps/${app_id}/keys?include_revoked=1`);
  await expect(keyRow(page, 'Old').getByText('Revoked', { exact: true })).toBeVisible();
  await expect(box).toBeChecked();
  await expect(box).toBeFocused();
  await stays();
  await page.goBack();
  await expect(page).toHaveURL(`/apps/${app_id}/keys`);
  await expect(keyRow(page, 'Old')).toHaveCount(0);
  await page.goForward();
  await expect(keyRow(page, 'Old')).toBeVisible();
});

test('new events are announced, and shown when asked for', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/activity?action=key.generated`);
  const stays = await mark(page);
  const table = page.getByRole('table', { name: 'Activity' });
  await expect(table).toHaveCount(0);
  await issueKey(page, app_id, { label: 'Backend' });
  const show = page.getByRole('button', { name: 'Show 1 new event' });
  await expect(show).toBeVisible();
  await expect(announcer(page)).toHaveText('There are new events.');
  await expect(table, 'nothing is put in by itself').toHaveCount(0);
  await show.click();
  await expect(table.getByText('Backend')).toBeVisible();
  await expect(show).toBeHidden();
  await stays();
});

test('a new key waits for its first request', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Backend' });
  const secret = await field(once, 'Secret key').inputValue();
  await hydrated(page);
  await done(once);
  const stays = await mark(page);
  const waiting = page.locator('output');
  await expect(waiting).toHaveText('Waiting for the first request…');
  expect((await portal.auth(secret)).status).toBe(200);
  await expect(waiting).toHaveText('The first request came.', { timeout: 20_000 });
  await stays();
  await page.reload();
  await expect(waiting).toHaveCount(0);
});
