// Reporting a key that leaked: with scripts and without.
import { expect, test } from './sallyport';
import { action, done, field, generateKey, portalWithApp } from './steps';

test('whoever has a key reports it, and its page says so with the way out', async ({ page, browser, portal }) => {
  const { app_id, org_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  const secret = await field(once, 'Secret key').inputValue();
  await done(once);
  expect((await portal.auth(secret)).status).toBe(200);

  // Somebody without an account.
  const stranger = await browser.newContext();
  const theirs = await stranger.newPage();
  for (const key of ['sk_live_nothing', secret]) {
    await theirs.goto(`${portal.url}/report-a-leak`);
    await field(theirs, 'Key').fill(key);
    await field(theirs, 'Where did you find it?').fill(`https://example.com/?key=${secret}`);
    await theirs.getByRole('button', { name: 'Report' }).click();
    await expect(theirs.getByRole('heading', { name: 'Thank you' })).toBeVisible();
    expect(theirs.url()).toBe(`${portal.url}/report-a-leak?sent=1`);
  }
  await stranger.close();
  await expect.poll(async () => (await portal.auth(secret)).status).toBe(401);

  await page.goto(`/apps/${app_id}/keys?include_revoked=true`);
  await page.getByRole('link', { name: 'Checkout backend', exact: true }).click();
  const banner = page.getByRole('main').locator('.notice', { hasText: 'This key leaked.' });
  await expect(banner).toContainText('Someone who has the whole key reported sk_live_');
  await expect(banner).toContainText('Found at: https://example.com/?key=sk_live_');
  await expect(banner).toContainText('It is revoked.');
  expect(await page.content()).not.toContain(secret);
  await banner.getByRole('link', { name: 'Generate like this one' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();

  // The rule of the organization.
  await page.goto(`/orgs/${org_id}/settings/key-rules`);
  await page.getByRole('combobox', { name: 'When a key leaks' }).selectOption({ label: 'Pause it' });
  await page.getByRole('button', { name: 'Save rules' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  const paused = await generateKey(page, app_id, { label: 'Paused backend' });
  const another = await field(paused, 'Secret key').inputValue();
  await done(paused);
  await page.goto('/report-a-leak');
  await field(page, 'Key').fill(another);
  await page.getByRole('button', { name: 'Report' }).click();
  await expect(page.getByRole('heading', { name: 'Thank you' })).toBeVisible();
  await expect.poll(async () => (await portal.auth(another)).status).toBe(403);
  await page.goto(`/apps/${app_id}/keys`);
  await page.getByRole('link', { name: 'Paused backend', exact: true }).click();
  await expect(page.getByRole('main').getByRole('link', { name: 'Rotate it' })).toBeVisible();
  await action(page, 'Resume').click();
  await expect.poll(async () => (await portal.auth(another)).status).toBe(200);

  expect(portal.output).not.toContain(secret);
  for (const { name, bytes } of await portal.files()) expect(bytes.includes(secret), name).toBe(false);
});
