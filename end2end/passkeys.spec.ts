// Passkeys, with the virtual authenticator of Chromium: added, used to sign in, as second step and as confirmation.
import AxeBuilder from '@axe-core/playwright';
import type { CDPSession, Page } from '@playwright/test';
import { expect, freePort, type Sallyport, test as base } from './sallyport';
import { action, field, person, setUp, signIn } from './steps';

/** The portal at `localhost`: browsers have no passkeys for an IP address. */
const test = base.extend<{ port: number }>({
  port: async ({}, use) => use(await freePort()),
  portalArgs: async ({ port }, use) => use(['--listen', `127.0.0.1:${port}`, '--public-url', `http://localhost:${port}`]),
  baseURL: async ({ port }, use) => use(`http://localhost:${port}`),
});

/** An authenticator in the browser, as a phone or a laptop has one. */
async function authenticator(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

const counts = async ({ cdp, authenticatorId }: { cdp: CDPSession; authenticatorId: string }) =>
  (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.map(one => one.signCount);

async function setUpHere(page: Page, portal: Sallyport) {
  const printed = () => portal.output.match(/http:\/\/localhost:\d+\/setup\?token=\w+/)?.[0];
  await expect.poll(printed).toBeDefined();
  await page.goto(printed()!);
  await field(page, 'Name').fill(person.name);
  await field(page, 'Email').fill(person.email);
  await field(page, 'Password').fill(person.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
}

async function addPasskey(page: Page, name: string) {
  await page.goto('/account');
  await action(page, 'Add a passkey').click();
  const panel = page.getByRole('dialog', { name: 'Add a passkey' });
  await field(panel, 'Name').fill(name);
  await panel.getByRole('button', { name: 'Add a passkey' }).click();
}

/** Adds the first one. Returns the recovery codes. */
async function addFirst(page: Page, name: string) {
  await addPasskey(page, name);
  const once = page.getByRole('dialog', { name: 'Save your recovery codes' });
  await expect(once.getByRole('listitem')).toHaveCount(10);
  const codes = await once.getByRole('listitem').allInnerTexts();
  await once.getByRole('checkbox', { name: 'I have saved these codes' }).check();
  await once.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('row', { name })).toBeVisible();
  return codes;
}

async function signOut(page: Page) {
  await page.context().clearCookies();
  await page.goto('/sign-in');
}

async function check(page: Page) {
  expect((await new AxeBuilder({ page }).setLegacyMode().analyze()).violations).toEqual([]);
}

test('a passkey signs in by itself, and as the second step', async ({ page, portal }) => {
  const errors: string[] = [];
  page.on('console', message => message.type() === 'error' && errors.push(message.text()));
  await setUpHere(page, portal);
  const device = await authenticator(page);
  await page.goto('/account/passkeys/new');
  await check(page);
  await addFirst(page, 'Laptop');
  await check(page);
  await expect(page.getByText('10 recovery codes left')).toBeVisible();

  await signOut(page);
  await check(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
  expect(await counts(device)).toHaveLength(1);

  await signOut(page);
  await page.goto('/sign-in?next=%2Faccount');
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Enter your code' })).toBeVisible();
  await check(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByRole('row', { name: 'Laptop' })).not.toContainText('Never');
  // The same authenticator is not added twice.
  await addPasskey(page, 'Laptop again');
  await expect(page.getByRole('alert').filter({ hasText: 'has a passkey of your account already' })).toBeVisible();
  expect(errors).toEqual([]);
});

test('a confirmation, a removal, and a recovery code without the passkey', async ({ page, portal }) => {
  await setUpHere(page, portal);
  await authenticator(page);
  const codes = await addFirst(page, 'Laptop');
  await page.goto('/account/confirm?next=%2Faccount');
  await check(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL(/\/account$/);

  await signOut(page);
  await signIn(page);
  await field(page, 'Code').fill(codes[0]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
  await page.goto('/account');
  await expect(page.getByText('9 recovery codes left')).toBeVisible();
  await action(page, 'Remove Laptop').click();
  await check(page);
  await page.getByRole('button', { name: 'Remove passkey' }).click();
  await expect(page.getByText('The passkey is removed.')).toBeVisible();

  await signOut(page);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'This passkey was not accepted.' })).toBeVisible();
  await signIn(page);
  await expect(field(page, 'Organization name')).toBeVisible();
});

test('who is not verified does not sign in, and is told what to do', async ({ page, portal }) => {
  await setUpHere(page, portal);
  const { cdp, authenticatorId } = await authenticator(page);
  await addFirst(page, 'Laptop');
  await signOut(page);
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'No passkey was used' })).toBeVisible();
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in/);
});

base('at an IP address there is no passkey', async ({ page }) => {
  await setUp(page);
  await page.goto('/account');
  await expect(action(page, 'Set up authenticator app')).toBeVisible();
  await expect(action(page, 'Add a passkey')).toHaveCount(0);
  await page.context().clearCookies();
  await page.goto('/sign-in');
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Use a passkey' })).toHaveCount(0);
});
