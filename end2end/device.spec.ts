// A person approves or denies the sign-in of a command line, with and without scripts.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, field, portalWithApp, signIn } from './steps';

const client = { client_id: 'sallyport-cli' };

/** A command line begins to sign in (RFC 8628, section 3.1). */
async function begin(page: Page) {
  const answer = await page.request.post('/oauth/device_authorization', { form: { ...client, device_name: 'sallyport on laptop' } });
  expect(answer.status()).toBe(200);
  return (await answer.json()) as { device_code: string; user_code: string; verification_uri_complete: string };
}

async function ask(page: Page, device_code: string) {
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  const answer = await page.request.post('/oauth/token', { form: { ...client, grant_type, device_code } });
  return (await answer.json()) as { error?: string; access_token?: string };
}

test('a command line is signed in, listed and signed out', async ({ page, context }) => {
  await portalWithApp(page);
  const asked = await begin(page);
  await context.clearCookies();
  await page.goto(asked.verification_uri_complete);
  await signIn(page);
  await expect(field(page, 'Code')).toHaveValue(asked.user_code);
  await field(page, 'Code').fill('BBBB-BBBB');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(field(page, 'Code')).toHaveAccessibleDescription(/No device is waiting with this code/);
  await field(page, 'Code').fill(asked.user_code.toLowerCase());
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('sallyport on laptop')).toBeVisible();
  await expect(page.getByText(asked.user_code)).toBeVisible();
  await expect(page.getByText('Approve only if you have just started this sign-in yourself.')).toBeVisible();
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('You can go back to your command line.')).toBeVisible();
  expect((await ask(page, asked.device_code)).access_token).toMatch(/^sp_pat_/);

  await page.getByRole('link', { name: 'your account' }).click();
  const row = page.getByRole('table', { name: 'Command lines' }).getByRole('row').filter({ hasText: 'sallyport on laptop' });
  await action(row, 'Sign out').click();
  await expect(page.getByRole('status').filter({ hasText: 'That command line is signed out.' })).toBeVisible();
  await expect(page.getByText('No command line is signed in')).toBeVisible();
});

test('a command line is denied', async ({ page }) => {
  await portalWithApp(page);
  const asked = await begin(page);
  await page.goto('/account');
  await action(page, 'Enter the code').click();
  await field(page, 'Code').fill(asked.user_code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Deny' }).click();
  await expect(page.getByRole('heading', { name: 'Denied' })).toBeVisible();
  expect((await ask(page, asked.device_code)).error).toBe('access_denied');
});
