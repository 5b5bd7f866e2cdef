// The command palette, with the keyboard only, and the search page without scripts.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { createOrganization, done, field, generateKey, hydrated, openPanel, portalWithApp, setUp } from './steps';

const palette = (page: Page) => page.getByRole('dialog', { name: 'Search', exact: true });
const box = (page: Page) => palette(page).getByRole('combobox', { name: 'Search everything' });
const chosen = (page: Page) => palette(page).getByRole('option', { selected: true });

test('Ctrl K, a few letters, Enter', async ({ page }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}`);
  await hydrated(page);
  await page.keyboard.press('Control+k');
  await expect(box(page)).toBeFocused();
  await expect(palette(page).getByRole('option', { name: 'API keys' })).toBeVisible();
  await expect(box(page)).toHaveAttribute('aria-expanded', 'true');

  await page.keyboard.type('focus and');
  const app = palette(page).getByRole('group', { name: 'Apps' }).getByRole('option', { name: /Focus Android/ });
  await expect(app).toHaveAttribute('aria-selected', 'true');
  await expect(box(page)).toHaveAttribute('aria-activedescendant', (await app.getAttribute('id'))!);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/apps/${app_id}`);
  await expect(palette(page)).toBeHidden();

  // Enter before the server has answered waits for the results of what was typed, not of what was typed before.
  await hydrated(page);
  await page.keyboard.press('Meta+k');
  await expect(palette(page).getByRole('option', { name: 'API keys' })).toBeVisible();
  await page.keyboard.insertText(org_id);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/orgs/${org_id}`);
});

test('arrows, Home and End choose; Escape closes and restores the focus', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}`);
  await hydrated(page);
  const menu = page.getByRole('button', { name: 'Switch organization' });
  await menu.focus();
  await page.keyboard.press('Control+k');
  const options = palette(page).getByRole('option');
  await expect(options.nth(2)).toBeVisible();
  const last = (await options.count()) - 1;
  const isChosen = (index: number) => expect(options.nth(index)).toHaveAttribute('aria-selected', 'true');

  await isChosen(0);
  await page.keyboard.press('ArrowDown');
  await isChosen(1);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await isChosen(last);
  await page.keyboard.press('Home');
  await isChosen(0);
  await page.keyboard.press('End');
  await isChosen(last);
  await page.keyboard.press('ArrowDown');
  await isChosen(0);
  await expect(chosen(page)).toHaveCount(1);
  await expect(box(page)).toBeFocused();

  await page.keyboard.type('zzz');
  await expect(palette(page).getByText('No results.').first()).toBeVisible();
  await expect(box(page)).toHaveAttribute('aria-expanded', 'false');
  await page.keyboard.press('Escape');
  await expect(palette(page)).toBeHidden();
  await expect(menu).toBeFocused();
  await page.keyboard.press('Control+k');
  await expect(box(page)).toHaveValue('');
});

test('the link and / open it too; / prefers the search field of the page', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}`);
  await hydrated(page);
  await page.getByRole('link', { name: 'Search', exact: true }).click();
  await expect(box(page)).toBeFocused();
  await page.keyboard.type('a/b'); // in a field, a slash is a character like any other
  await expect(box(page)).toHaveValue('a/b');
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await expect(box(page)).toBeFocused();
  await expect(box(page)).toHaveValue('');
  await page.keyboard.press('Escape');

  await page.goto('/search');
  await hydrated(page);
  const search = page.getByRole('main').getByRole('searchbox', { name: 'Search everything' });
  await search.blur();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await expect(palette(page)).toBeHidden();
});

test('a pasted key leads to its page, and is not kept anywhere', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  const secret = await field(once, 'Secret key').inputValue();

  // The palette does not open over the dialog, which can't be shown again.
  await page.keyboard.press('Control+k');
  await expect(palette(page)).toBeHidden();
  await expect(once).toBeVisible();
  await done(once);

  await hydrated(page);
  await page.keyboard.press('Control+k');
  await page.keyboard.insertText(secret);
  await expect(chosen(page)).toHaveText(/Checkout backend/);
  const results = await palette(page).locator('.palette-results').innerHTML();
  expect(results).not.toContain(secret.slice(8));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/keys\/key_[0-9A-Za-z]+$/);
  expect(await page.content()).not.toContain(secret);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]));
  expect(kept).not.toContain(secret);
  expect(portal.output).not.toContain(secret.slice(8, 30));
});

test('the theme is a result', async ({ page }) => {
  await setUp(page);
  await createOrganization(page, 'Focus Labs');
  await hydrated(page);
  const address = page.url();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('dark');
  await expect(chosen(page)).toHaveText(/Theme: dark/);
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page).toHaveURL(address);
});

test('axe finds no violation in the palette', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(`/orgs/${org_id}`);
    await hydrated(page);
    await page.keyboard.press('Control+k');
    for (const [typed, shown] of [
      ['focus', /Focus Android/],
      ['focuszzz', /No results/],
    ] as const) {
      await box(page).fill(typed);
      await expect(palette(page).getByText(shown).first()).toBeVisible();
      const { violations } = await new AxeBuilder({ page })
        .include('#palette')
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      const found = violations.map(v => `${v.id}: ${v.nodes.map(n => n.target).join(', ')}`);
      expect.soft(found, `${typed}, ${colorScheme}`).toEqual([]);
    }
  }
});

test('Escape in the panel returns the focus to the button that opened it', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const opener = page.getByRole('link', { name: 'Generate API Key' });
  const panel = await openPanel(page, app_id);
  await hydrated(page);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(opener).toBeFocused();

  // Also after the form was refused.
  await opener.click();
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await hydrated(page);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(opener).toBeFocused();
});

test('empty filters leave no ? in the address, and filters are folded on a phone', async ({ page }) => {
  const { org_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/activity`);
  await hydrated(page);
  await page.getByLabel('Action', { exact: true }).selectOption({ label: 'App created' });
  await expect(page).toHaveURL(`/orgs/${org_id}/activity?action=app.created`);
  await hydrated(page);
  await page.getByLabel('Action', { exact: true }).selectOption({ index: 0 });
  await expect(page).toHaveURL(`/orgs/${org_id}/activity`);

  await page.setViewportSize({ width: 390, height: 844 });
  const filter = page.getByLabel('Actor', { exact: true });
  await expect(filter).toBeHidden();
  await page.getByText('Filters', { exact: true }).click();
  await expect(filter).toBeVisible();
  await page.goto(`/orgs/${org_id}/activity?action=app.created`);
  await expect(filter).toBeVisible(); // filters that are set are not folded
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(page.getByText('Filters', { exact: true })).toBeHidden();
  await page.goto(`/orgs/${org_id}/activity`);
  await expect(filter).toBeVisible();
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the link leads to a page that finds the same', async ({ page }) => {
    const { app_id, org_id } = await portalWithApp(page);
    const once = await generateKey(page, app_id, { label: 'Checkout backend' });
    const secret = await field(once, 'Secret key').inputValue();
    await done(once);
    await page.goto(`/orgs/${org_id}`);
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    const search = page.getByRole('main').getByRole('searchbox', { name: 'Search everything' });
    await search.fill('focus and');
    await search.press('Enter');
    await expect(page).toHaveURL('/search');
    await expect(page.getByRole('main').getByRole('link', { name: /Focus Android/ })).toBeVisible();
    await expect(search).toHaveValue('focus and');

    await search.fill(secret);
    await search.press('Enter');
    await expect(page).toHaveURL(/\/keys\/key_[0-9A-Za-z]+$/);
    await expect(page.getByRole('heading', { name: 'Checkout backend' })).toBeVisible();

    await page.goto('/search');
    await search.fill(secret.slice(0, 40));
    await search.press('Enter');
    await expect(page.getByRole('main').getByText(/incomplete or has a typo/)).toBeVisible();
    await expect(search).toHaveValue('');
  });
});
