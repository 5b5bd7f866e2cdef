// A second factor: set up, used to sign in, recovered; with scripts and without.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, field, person, setUp, signIn } from './steps';
import { code } from './totp';

/** A code that is not right now, nor was or will be within a minute. */
function wrong(secret: string) {
  const near = [-60, -30, 0, 30, 60].map(seconds => code(secret, Date.now() + seconds * 1_000));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find(one => !near.includes(one))!;
}

async function open(page: Page) {
  await page.goto('/account');
  await action(page, 'Set up authenticator app').click();
  const panel = page.getByRole('dialog', { name: 'Set up authenticator app' });
  await expect(panel.getByRole('img', { name: 'QR code for the authenticator app' })).toBeVisible();
  const secret = (await panel.locator('code').innerText()).replaceAll(' ', '');
  return { panel, secret };
}

/** Sets it up with the code of now. Each code works once, so a sign-in needs the next one, which is accepted early. */
async function setUpApp(page: Page) {
  const { panel, secret } = await open(page);
  await field(panel, 'Code').fill(code(secret));
  await panel.getByRole('button', { name: 'Turn on' }).click();
  const once = page.getByRole('dialog', { name: 'Save your recovery codes' });
  const codes = await once.getByRole('listitem').allInnerTexts();
  expect(codes).toHaveLength(10);
  return { secret, once, codes };
}

async function signOut(page: Page) {
  await page.context().clearCookies();
  await page.goto('/sign-in');
}

test('an app is set up, and asked for at the next sign-in', async ({ page }) => {
  await setUp(page);
  const { secret, once, codes } = await setUpApp(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    once.getByRole('button', { name: 'Download recovery codes' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('recovery-codes.txt');
  const file = await readFile((await download.path())!, 'utf8');
  for (const one of codes) expect(file).toContain(one);
  await once.getByRole('checkbox', { name: 'I have saved these codes' }).check();
  await once.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('10 recovery codes left')).toBeVisible();

  await signOut(page);
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Enter your code' })).toBeVisible();
  await page.goto('/account');
  await expect(page, 'the password alone is no session').toHaveURL(/\/sign-in/);
  await signIn(page);
  await field(page, 'Code').fill(code(secret, Date.now() + 30_000));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/account$/);
});

test('a wrong code sets up nothing and signs nobody in', async ({ page }) => {
  await setUp(page);
  const { panel, secret } = await open(page);
  await field(panel, 'Code').fill(wrong(secret));
  await panel.getByRole('button', { name: 'Turn on' }).click();
  await expect(field(page, 'Code')).toHaveAccessibleDescription(/This code is wrong/);
  await expect(page.getByRole('dialog').locator('code'), 'it is scanned already').toHaveText(secret.match(/.{4}/g)!.join(' '));
  await page.goto('/account');
  await expect(action(page, 'Set up authenticator app')).toBeVisible();

  const app = await setUpApp(page);
  await signOut(page);
  await signIn(page);
  await field(page, 'Code').fill(wrong(app.secret));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(field(page, 'Code')).toHaveAccessibleDescription(/This code is wrong/);
  await expect(field(page, 'Code')).toHaveValue('');
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a recovery code signs in once, and an operator helps without one', async ({ page, portal }) => {
  await setUp(page);
  const { codes } = await setUpApp(page);
  await signOut(page);
  await signIn(page);
  await field(page, 'Code').fill(codes[0]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
  await page.goto('/account');
  await expect(page.getByText('9 recovery codes left')).toBeVisible();

  await signOut(page);
  await signIn(page);
  await field(page, 'Code').fill(codes[0]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(field(page, 'Code')).toHaveAccessibleDescription(/it was used before/);

  expect(await portal.cli('user', 'reset-factors', person.email)).toContain('Removed the second factors');
  await signOut(page);
  await signIn(page);
  await expect(field(page, 'Organization name')).toBeVisible();
});
