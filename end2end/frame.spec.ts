// The frame of every page: it keeps the current tenant and organization, its menus have a filter, and it explains the
// keyboard shortcuts.
import { expect, test } from './sallyport';
import {
  action,
  done,
  field,
  generateKey,
  hydrated,
  issueKey,
  make,
  openPanel,
  organizationWithApp,
  portalWithApp,
  send,
  signIn,
} from './steps';

test('the tenant stays selected on its keys, on a key and on the page that tests it', async ({ page }) => {
  const { org_id, tenant_id, app_id } = await portalWithApp(page);
  const { path } = await issueKey(page, app_id, { label: 'Backend' });
  const tenant = page.getByRole('button', { name: 'Switch tenant' });
  const crumbs = page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('listitem');
  await page.goto(`/tenants/${tenant_id}`);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).click();
  await expect(page).toHaveURL(`/orgs/${org_id}/keys?tenant=${tenant_id}`);
  await expect(tenant).toHaveAccessibleDescription(/Staging/);
  await expect(page.getByRole('row').filter({ hasText: 'Backend' })).toBeVisible();
  await expect(crumbs).toHaveText(['Focus Labs', 'Staging', 'API keys']);
  for (const [where, last] of [
    [path, ['Backend']],
    [`${path}/test`, ['Backend', 'Test a request']],
  ] as const) {
    await page.goto(where);
    await expect(tenant).toHaveAccessibleDescription(/Staging/);
    await expect(crumbs).toHaveText(['Focus Labs', 'Staging', 'Mobile', 'Focus Android', ...last]);
  }
  // Another tenant's list has none of these keys.
  const other = await make(page, `/orgs/${org_id}/tenants/new`, { name: 'Empty' });
  await page.goto(`/orgs/${org_id}/keys?tenant=${other}`);
  await expect(page.getByText('No results')).toBeVisible();
  for (const tab of ['', '/keys', '/activity', '/settings']) {
    await page.goto(`/apps/${app_id}${tab}`);
    const current = page.getByRole('navigation', { name: 'Main' }).locator('[aria-current]');
    await expect(current, tab).toHaveText('Projects');
  }
});

test('the portal opens the organization that was open last', async ({ page }) => {
  await portalWithApp(page); // Focus Labs
  const acme = await organizationWithApp(page, 'Acme Weather', 'Acme Web');
  const switcher = page.getByRole('button', { name: 'Switch organization' });
  const entries = page.locator('#org-menu').locator('.menu-list a');
  await page.goto('/');
  await expect(switcher).toHaveAccessibleDescription(/Focus Labs/);
  await page.goto(`/orgs/${acme.org_id}`);
  for (const path of ['/', '/account', '/nothing/here', '/search']) {
    await page.goto(path);
    await expect(switcher, path).toHaveAccessibleDescription(/Acme Weather/);
  }
  await page.goto(`/apps/${acme.app_id}`);
  expect(await entries.allTextContents()).toEqual([expect.stringMatching(/Acme/), expect.stringMatching(/Focus/)]);
});

test('a long menu has a filter, and its link for a new entry stays visible', async ({ page }) => {
  await portalWithApp(page);
  for (let index = 0; index < 15; index++) {
    await make(page, '/orgs/new', { name: `Company ${index}`, description: '', plan: 'pro', tenant: 'Development' });
  }
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('button', { name: 'Switch organization' }).click();
  await expect(page.getByRole('link', { name: 'New organization' })).toBeInViewport();
  await page.getByRole('searchbox', { name: 'Filter organizations' }).fill('company 12');
  const shown = page.locator('#org-menu .menu-list a:visible');
  await expect(shown).toHaveCount(1);
  await shown.click();
  await expect(page.getByRole('heading', { name: 'Company 12', level: 1 })).toBeVisible();
});

test('? shows the keyboard shortcuts, and can still be typed into a field', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}/keys`);
  await hydrated(page);
  const shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await page.keyboard.press('?');
  await expect(shortcuts).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(shortcuts).toBeHidden();
  await page.goto('/search');
  await hydrated(page);
  const search = page.getByRole('main').getByRole('searchbox', { name: 'Search everything' });
  await search.press('?');
  await expect(shortcuts).toBeHidden();
  await page.getByRole('button', { name: 'Shortcuts' }).click();
  await expect(shortcuts).toBeVisible();
  await expect(page.locator('.side-foot')).toContainText(/Sallyport \d+\.\d+/);
});

test('the contents of the reference mark the section in view', async ({ page }) => {
  await page.goto('/docs');
  await hydrated(page);
  const contents = page.getByRole('navigation', { name: 'Contents' });
  const marked = contents.locator('a[aria-current="true"]');
  await expect(marked).toHaveText('Authenticate');
  for (const [id, title] of [
    ['verdicts', 'Verdicts'],
    ['errors', 'Errors and retries'],
    ['authenticate', 'Authenticate'],
  ]) {
    await page.locator(`#${id}`).evaluate(section => section.scrollIntoView());
    await expect(marked, 'one at a time').toHaveText(title!);
  }
  await contents.getByRole('link', { name: 'Guide' }).focus();
  await expect(contents.locator('a[aria-current="page"]')).toHaveText('Guide');
});

test('text follows the font size of the browser', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.goto(`/apps/${app_id}`);
  const height = () => action(page, 'Generate API Key').evaluate(element => element.getBoundingClientRect().height);
  const before = await height();
  await page.evaluate(() => (document.documentElement.style.fontSize = '150%'));
  expect(await height()).toBeGreaterThan(before * 1.4);
  const size = await page.evaluate(() => getComputedStyle(document.body).fontSize);
  expect(size).toBe('21px');
});

test('a panel with input asks before it closes', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const asked: string[] = [];
  page.on('dialog', dialog => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  let panel = await openPanel(page, app_id);
  await hydrated(page);
  await action(panel, 'Cancel').click();
  await expect(panel).toHaveCount(0);
  expect(asked, 'nothing was typed').toEqual([]);
  panel = await openPanel(page, app_id);
  await hydrated(page);
  await field(panel, 'Label').pressSequentially('Backend');
  await page.keyboard.press('Escape');
  await expect.poll(() => asked).toEqual(['beforeunload']);
  await expect(field(panel, 'Label')).toHaveValue('Backend');
});

test('after Done the focus is on the new key', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Backend' });
  await hydrated(page);
  await done(once);
  await expect(page.locator('#new-key')).toBeFocused();
  await expect(page.locator('#new-key')).toContainText('Waiting for the first request…');
});

test('a form sent after the session ended is shown again after the sign-in', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  const { path } = await issueKey(page, app_id, { label: 'Backend' });
  await page.goto(`${path}/edit`);
  await hydrated(page);
  await send(page, '/sign-out', {});
  await field(page, 'Label').fill('Backend, Frankfurt');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await signIn(page);
  await expect(page.getByRole('alert')).toContainText('You are signed in again.');
  await expect(field(page, 'Label')).toHaveValue('Backend, Frankfurt');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Backend, Frankfurt' })).toBeVisible();
});
