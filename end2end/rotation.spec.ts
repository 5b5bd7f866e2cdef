// Rotating a key, with and without JavaScript: both secrets work, the page tells who uses which, and the old one ends.
import { expect, test } from './sallyport';
import { action, done, field, issueKey, portalWithApp } from './steps';

test('a key is rotated, and its old secret is revoked', async ({ page, portal }) => {
  const root = await portal.rootToken();
  const { app_id } = await portalWithApp(page);
  const key = await issueKey(page, app_id, { label: 'Checkout backend' });
  await page.goto(key.path);
  const status = page.locator('.page-sub');

  const secret = await test.step('the new secrets are shown once', async () => {
    await action(page, 'Rotate').click();
    const dialog = page.getByRole('dialog', { name: 'Rotate key' });
    const grace = dialog.getByRole('combobox', { name: 'Grace period' });
    await expect(grace.getByRole('option')).toHaveText(['None', '1 hour', '24 hours', '7 days', 'Custom']);
    await expect(grace).toHaveValue('day');
    await grace.selectOption({ label: '1 hour' });
    await dialog.getByRole('button', { name: 'Rotate key' }).click();
    const once = page.getByRole('dialog', { name: 'Save your key' });
    await expect(field(once, 'Signing secret')).toHaveValue(/^sgn_/);
    const secret = await field(once, 'Secret key').inputValue();
    expect(secret).not.toBe(key.secret);
    await done(once);
    expect(await page.content()).not.toContain(secret);
    return secret;
  });

  await test.step('both are accepted, and the page tells who uses which', async () => {
    await expect(status.getByText('Rotating', { exact: true })).toBeVisible();
    await expect(page.getByText('Not since the rotation began')).toBeVisible();
    expect(await portal.verify(root, key.secret, { ip: '203.0.113.7' })).toMatchObject({ valid: true, secret: 'previous' });
    expect(await portal.verify(root, secret, { ip: '203.0.113.7' })).toMatchObject({ valid: true, secret: 'current' });
    expect((await portal.auth(key.secret)).headers.get('x-auth-secret')).toBe('previous');
    await page.reload();
    await expect(page.getByText('first used just now')).toBeVisible();
    const uses = page.getByRole('table', { name: 'Uses of the old key' });
    await expect(uses.getByRole('row').filter({ hasText: '203.0.113.0/24' })).toBeVisible();
    await page.getByRole('button', { name: 'Extend once' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Extended.' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Extend once' })).toHaveCount(0);
  });

  await test.step('revoked, the old one is refused', async () => {
    await page.getByRole('button', { name: 'Revoke Old Key' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'The old key is revoked.' })).toBeVisible();
    await expect(status.getByText('Active', { exact: true })).toBeVisible();
    expect(await portal.verify(root, key.secret)).toMatchObject({ valid: false, code: 'rotated', status: 401 });
    expect(await portal.verify(root, secret)).toMatchObject({ valid: true, secret: 'current' });
  });
});

test('while a key is rotated, the page asks which secret ends', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const key = await issueKey(page, app_id, { label: 'Checkout backend', signingSecret: false });
  const rotated = async () => {
    const dialog = page.getByRole('dialog', { name: 'Rotate key' });
    await dialog.getByRole('button', { name: 'Rotate key' }).click();
    const once = page.getByRole('dialog', { name: 'Save your key' });
    const secret = await field(once, 'Secret key').inputValue();
    await done(once);
    return secret;
  };
  await page.goto(`${key.path}/rotate`);
  const second = await rotated();
  await action(page, 'Rotate again').click();
  await page.getByRole('combobox', { name: 'End at once' }).selectOption({ index: 1 });
  const third = await rotated();
  for (const [secret, status] of [[key.secret, 200], [second, 401], [third, 200]] as const) {
    expect((await portal.auth(secret)).status).toBe(status);
  }
});
