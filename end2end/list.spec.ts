// The list of keys: selection, sorting, filters; exact times for mouse, touch and keyboard.
import { expect, test } from './sallyport';
import { choose, field, hydrated, issueKey, keyRow, portalWithApp } from './steps';

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('selected keys are paused or revoked together, after one confirmation', async ({ page, portal }) => {
      const { app_id } = await portalWithApp(page);
      const keys = [];
      for (const label of ['One', 'Two', 'Three']) keys.push(await issueKey(page, app_id, { label }));
      await page.goto(`/apps/${app_id}/keys`);
      await hydrated(page, scripts);
      const bar = page.getByRole('button', { name: 'Pause selected' });
      await expect(bar).toBeHidden();
      await page.getByRole('checkbox', { name: 'Select One' }).check();
      await page.getByRole('checkbox', { name: 'Select Three' }).check();
      await bar.click();
      const asked = page.getByRole('dialog', { name: 'Pause 2 keys?' });
      await expect(asked.getByRole('listitem')).toHaveText([/Three/, /One/]);
      await asked.getByRole('button', { name: 'Pause 2 keys' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'The selected keys are paused.' })).toBeVisible();
      for (const [index, status] of [403, 200, 403].entries()) {
        expect((await portal.auth(keys[index]!.secret)).status).toBe(status);
      }
      await page.getByRole('checkbox', { name: 'Select Two' }).check();
      await page.getByRole('button', { name: 'Revoke selected' }).click();
      const confirm = page.getByRole('dialog', { name: 'Revoke 1 key?' });
      await field(confirm, 'Reason').fill('Offboarding');
      await confirm.getByRole('button', { name: 'Revoke 1 key' }).click();
      await expect(keyRow(page, 'Two')).toHaveCount(0);
      expect((await portal.auth(keys[1]!.secret)).status).toBe(401);
    });

    test('column headings sort, chips remove filters', async ({ page }) => {
      const { app_id } = await portalWithApp(page);
      for (const label of ['Beta', 'Alpha']) await issueKey(page, app_id, { label });
      await page.goto(`/apps/${app_id}/keys`);
      const labels = () => page.locator('.cell-main').allTextContents();
      const head = (name: string) => page.getByRole('columnheader', { name, exact: true });
      await expect(head('Created')).toHaveAttribute('aria-sort', 'descending');
      await page.getByRole('link', { name: 'Label', exact: true }).click();
      await expect(head('Label')).toHaveAttribute('aria-sort', 'ascending');
      expect(await labels()).toEqual(['Alpha', 'Beta']);
      await page.getByRole('link', { name: 'Created', exact: true }).click();
      await page.getByRole('link', { name: 'Created', exact: true }).click();
      await expect(head('Created')).toHaveAttribute('aria-sort', 'ascending');
      expect(await labels()).toEqual(['Beta', 'Alpha']);

      await page.goto(`/apps/${app_id}/keys?environment=production&scope=read&sort=label`);
      const chips = page.getByRole('list', { name: 'Filters that are set' });
      await expect(chips.getByRole('link')).toHaveText([/Environment: Production/, /Scope: Read/, 'Clear']);
      await chips.getByRole('link', { name: /Environment/ }).click();
      await expect(page).toHaveURL(`/apps/${app_id}/keys?scope=read&sort=label`);
      await chips.getByRole('link', { name: 'Clear' }).click();
      await expect(page).toHaveURL(`/apps/${app_id}/keys`);
      await expect(chips).toHaveCount(0);
    });
  });
}

test('the checkbox in the head selects the whole page, and the bar shows how many', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  for (const label of ['One', 'Two']) await issueKey(page, app_id, { label });
  await page.goto(`/apps/${app_id}/keys`);
  await hydrated(page);
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
  await expect(page.getByRole('checkbox', { name: /^Select / , checked: true })).toHaveCount(3);
  const menu = await page.getByRole('button', { name: 'Revoke selected' }).boundingBox();
  expect(menu!.y + menu!.height).toBeLessThanOrEqual(900);
  await page.getByRole('checkbox', { name: 'Select all on this page' }).uncheck();
  await expect(page.getByRole('button', { name: 'Revoke selected' })).toBeHidden();
});

test('the exact time of a row is shown to mouse and keyboard', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Backend' });
  await page.goto(`/apps/${app_id}/keys`);
  await hydrated(page);
  const time = keyRow(page, 'Backend').getByRole('time').first();
  // The link of the row must not cover the time.
  const hit = await time.evaluate(element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === element;
  });
  expect(hit).toBe(true);
  const shown = () => time.evaluate(element => getComputedStyle(element, '::after').content);
  expect(await shown()).toBe('none');
  await keyRow(page, 'Backend').getByRole('link', { name: 'Backend' }).focus();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Tab');
  expect(await shown()).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
});

test('the menu of a row acts without opening the key', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const { path } = await issueKey(page, app_id, { label: 'Backend' });
  await page.goto(`/apps/${app_id}/keys`);
  await hydrated(page);
  await choose(page, 'Test a request', 'Actions for Backend');
  await expect(page).toHaveURL(`${path}/test`);
  await page.goBack();
  await hydrated(page);
  await choose(page, 'Revoke', 'Actions for Backend');
  await expect(page.getByRole('dialog', { name: 'Revoke this key?' })).toBeVisible();
});
