// Rules for keys, and a key that another person approves: asked for, approved, claimed once.
import { expect, test } from './sallyport';
import { field, fillPanel, hydrated, openPanel, portalWithApp, signIn } from './steps';

const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };

test('a rule is set, and a key that breaks it is refused', async ({ page }) => {
  const { org_id, app_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/settings`);
  await page.getByRole('button', { name: 'Change rules' }).click();
  await page.getByRole('combobox', { name: 'Environment of rule 1' }).selectOption({ label: 'Production' });
  await field(page, 'Days of rule 1').fill('30');
  await field(page, 'Default expiry (days)').fill('14');
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(field(page, 'Days of rule 1')).toHaveValue('30');

  const panel = await openPanel(page, app_id);
  await expect(panel.getByRole('combobox', { name: 'Expires' })).toHaveValue('14');
  await fillPanel(panel, { label: 'Too long' });
  await panel.getByRole('combobox', { name: 'Expires' }).selectOption({ label: 'In 90 days' });
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await expect(page.getByRole('alert')).toContainText('Longest lifetime: keys of Production live for 30 days at most.');
});

test('a key is asked for, approved by somebody else, and claimed once', async ({ page, browser, portal, javaScriptEnabled }) => {
  const scripts = javaScriptEnabled ?? true;
  const { org_id, app_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/settings/key-rules`);
  await page.locator('#approval_environments-production').check();
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await portal.person(grace);
  await portal.cli('member', 'add', '--org', org_id, '--email', grace.email, '--role', 'developer');

  const hers = await (await browser.newContext({ baseURL: portal.url, javaScriptEnabled: scripts })).newPage();
  await hers.goto('/sign-in');
  await signIn(hers, grace);
  const panel = await openPanel(hers, app_id);
  await fillPanel(panel, { label: 'Nightly' });
  await panel.getByRole('button', { name: 'Generate key' }).click();
  await expect(hers).toHaveURL(/\/approvals\/apr_\w{16}/);
  await expect(hers.getByText('Waiting for approval').first()).toBeVisible();
  await expect(hers.getByRole('button', { name: 'Approve' })).toHaveCount(0);

  await page.goto(`/apps/${app_id}/keys?status=waiting_for_approval`);
  const waiting = page.getByRole('table', { name: 'Waiting for approval' });
  await expect(waiting.getByRole('row', { name: /Nightly/ })).toContainText('Waiting for approval');
  await page.goto(`/apps/${app_id}/keys`);
  await page.getByRole('link', { name: 'Waiting for approval' }).click();
  await page.getByRole('link', { name: 'Nightly' }).click();
  await page.getByRole('button', { name: 'Refuse' }).click();
  await expect(page.getByRole('alert')).toContainText('Say why');
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Approved by')).toBeVisible();

  await hers.reload();
  await hers.getByRole('button', { name: 'Claim' }).click();
  const once = hers.getByRole('dialog');
  await hydrated(hers, scripts);
  const secret = await field(once, 'Secret key').inputValue();
  expect(secret).toMatch(/^sk_live_/);
  await expect(once.getByRole('button', { name: 'Hand over by link' })).toBeVisible();
  expect((await portal.auth(secret)).status).toBe(200);
  const again = await (await hers.context().newPage()).goto(new URL(hers.url()).pathname);
  expect(await again!.text()).not.toContain(secret);
});
