// The main job with the keyboard only.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, clipboard, field, hydrated, keyRow, organizationWithApp, person, portalWithApp, tab } from './steps';

const isFocused = (target: Locator) => target.evaluate(element => element === document.activeElement);

/** Presses Tab until this element has the focus. */
async function tabTo(page: Page, target: Locator, most = 40) {
  for (let press = 0; press < most; press++) {
    if (await isFocused(target)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target, `reached by ${most} tabs`).toBeFocused();
}

/** The accessible names of the elements that the next presses of Tab focus. */
async function walk(page: Page, stops: Locator[]) {
  for (const stop of stops) {
    await page.keyboard.press('Tab');
    await expect(stop).toBeFocused();
  }
}

test('from the sign-in to a key, and what is done with it', async ({ page, context }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await context.clearCookies();
  await page.goto(`/apps/${app_id}/keys`);
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  const generate = page.getByRole('link', { name: 'Generate API Key' });
  const once = page.getByRole('dialog', { name: 'Save your key' });

  await test.step('sign in', async () => {
    await expect(field(page, 'Email')).toBeFocused();
    await page.keyboard.type(person.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(person.password);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`/apps/${app_id}/keys`);
    await hydrated(page);
  });

  await test.step('the skip link comes first, and skips', async () => {
    const skip = page.getByRole('link', { name: 'Skip to content' });
    await page.keyboard.press('Tab');
    await expect(skip).toBeFocused();
    await expect(skip).toBeInViewport();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('main')?.id)).toBe('content');
  });

  await test.step('the panel keeps the focus, and Escape gives it back', async () => {
    await tabTo(page, generate);
    await page.keyboard.press('Enter');
    await expect(field(panel, 'Label')).toBeFocused();
    await hydrated(page);
    for (let press = 0; press < 25; press++) {
      await page.keyboard.press('Tab');
      const behind = await page.evaluate(() => document.activeElement?.closest('.frame') !== null);
      expect(behind, 'what is behind the panel is inert').toBe(false);
    }
    await page.keyboard.press('Escape');
    await expect(panel).toBeHidden();
    await expect(generate).toBeFocused();
    await hydrated(page);
  });

  await test.step('the panel is filled and sent', async () => {
    await page.keyboard.press('Enter');
    await expect(field(panel, 'Label')).toBeFocused();
    await page.keyboard.type('Checkout backend');
    await page.keyboard.press('Tab');
    await expect(panel.getByRole('combobox', { name: 'Key Type' })).toBeFocused();
    await page.keyboard.type('Dev');
    await expect(panel.getByRole('combobox', { name: 'Key Type' })).toHaveValue('development');
    const scope = (name: string) => panel.getByRole('checkbox', { name, exact: true });
    await walk(page, [scope('Read')]);
    await page.keyboard.press('Space');
    await walk(page, [scope('Write'), scope('Delete'), scope('Admin'), panel.getByRole('combobox', { name: 'Expires' })]);
    // The date is only shown for the choice Custom.
    await expect(panel.getByLabel('Custom date')).toBeHidden();
    await tabTo(page, scope('Signing secret'));
    await walk(page, [action(panel, 'Cancel'), action(panel, 'Generate key')]);
    await page.keyboard.press('Enter');
    await expect(once).toBeVisible();
  });

  await test.step('the secrets are copied, and the dialog is left by its own button alone', async () => {
    await expect(field(once, 'Secret key')).toBeFocused();
    await hydrated(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect(once).toBeVisible();
    const copy = (what: string) => once.getByRole('button', { name: `Copy ${what}` });
    await walk(page, [copy('secret key')]);
    await page.keyboard.press('Enter');
    const secret = await field(once, 'Secret key').inputValue();
    await expect.poll(() => clipboard(context)).toBe(secret);
    await walk(page, [field(once, 'Signing secret'), copy('signing secret')]);
    const saved = once.getByRole('checkbox', { name: 'I have saved these secrets' });
    await walk(page, [saved]);
    await page.keyboard.press('Space');
    await expect(saved).toBeChecked();
    await walk(page, [
      once.getByRole('link', { name: 'Download credentials JSON' }),
      once.getByRole('link', { name: 'Download sallyport.json' }),
      action(once, 'Done'),
    ]);
    await page.keyboard.press('Enter');
    await expect(once).toBeHidden();
    await expect(keyRow(page, 'Checkout backend')).toBeVisible();
    await hydrated(page);
  });

  await test.step('/ goes to the list’s search, Ctrl K to any place', async () => {
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Search by label, or paste a key' })).toBeFocused();
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: 'Search everything' });
    await expect(box).toBeFocused();
    await page.keyboard.type('focus lab');
    await expect(page.getByRole('dialog').getByRole('option', { selected: true })).toHaveText(/Focus Labs/);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`/orgs/${org_id}`);
  });

  await test.step('revoked: the dialog has the focus, and gives it back', async () => {
    await page.goto(`/apps/${app_id}/keys`);
    await hydrated(page);
    await tabTo(page, keyRow(page, 'Checkout backend').getByRole('link'), 60);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/keys\/key_/);
    await hydrated(page);
    await tabTo(page, tab(page, 'Settings'));
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/settings$/);
    await hydrated(page);
    for (const [button, dialog, first] of [
      ['Edit', 'Edit key', 'Label'],
      ['Revoke', 'Revoke this key?', 'Reason'],
    ] as const) {
      const opener = page.getByRole('button', { name: button, exact: true });
      await tabTo(page, opener);
      await page.keyboard.press('Enter');
      await expect(field(page.getByRole('dialog', { name: dialog }), first)).toBeFocused();
      await hydrated(page);
      await page.keyboard.press('Escape');
      await expect(opener).toBeFocused();
      await hydrated(page);
    }
    await page.keyboard.press('Enter');
    await expect(field(page, 'Reason')).toBeFocused();
    await page.keyboard.type('Laptop lost');
    await page.keyboard.press('Enter');
    await expect(page.locator('.page-sub').getByText('Revoked', { exact: true })).toBeVisible();
  });
});

test('menus open, move the focus and close', async ({ page }) => {
  await portalWithApp(page);
  const { org_id } = await organizationWithApp(page, 'Acme Weather', 'Acme Web');
  await page.goto(`/orgs/${org_id}`);
  await hydrated(page);
  const switcher = page.getByRole('button', { name: 'Switch organization' });
  const entry = page.locator('#org-menu').getByRole('link');
  await tabTo(page, switcher);
  await page.keyboard.press('Enter');
  await expect(entry.first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(entry.first()).toBeHidden();
  await expect(switcher).toBeFocused();
  await page.keyboard.press('Space');
  await tabTo(page, entry.filter({ hasText: 'Focus Labs' }), 3);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Focus Labs', level: 1 })).toBeVisible();

  const account = page.getByRole('button', { name: 'Your account' });
  await tabTo(page, account);
  await page.keyboard.press('Enter');
  await walk(page, [
    page.getByRole('link', { name: 'Your account' }),
    page.getByRole('link', { name: 'API reference' }),
    page.getByRole('button', { name: 'Sign out' }),
  ]);
  await page.keyboard.press('Enter');
  await expect(field(page, 'Email')).toBeFocused();
});
