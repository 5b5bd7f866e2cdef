// What an organization demands of sign-ins: set by an owner, and met by members; with scripts and without.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { action, createOrganization, field, person, setUp, signIn } from './steps';
import { code } from './totp';

async function openPolicy(page: Page, org: string) {
  await page.goto(`/orgs/${org}/settings`);
  await page.getByRole('button', { name: 'Change sign-in' }).click();
  await expect(page.getByRole('heading', { name: 'Sign-in', exact: true })).toBeVisible();
}

async function setUpApp(page: Page) {
  await page.goto('/account');
  await action(page, 'Set up authenticator app').click();
  const panel = page.getByRole('dialog', { name: 'Set up authenticator app' });
  const secret = (await panel.locator('code').innerText()).replaceAll(' ', '');
  await field(panel, 'Code').fill(code(secret));
  await panel.getByRole('button', { name: 'Turn on' }).click();
  const once = page.getByRole('dialog', { name: 'Save your recovery codes' });
  await once.getByRole('checkbox', { name: 'I have saved these codes' }).check();
  await once.getByRole('button', { name: 'Done' }).click();
  return secret;
}

test('a second factor is required, and asked for where it is missing', async ({ page, browser }) => {
  await setUp(page);
  const org = await createOrganization(page, 'Focus Labs');
  // Another browser, which signed in before there was a factor.
  const other = await (await browser.newContext()).newPage();
  await other.goto(new URL('/sign-in', page.url()).href);
  await signIn(other);
  const secret = await setUpApp(page);
  await openPolicy(page, org);
  await page.getByRole('checkbox', { name: 'Second factor required' }).check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'Second factor required' })).toBeChecked();

  await other.goto(new URL(`/orgs/${org}/members`, page.url()).href);
  await expect(other.getByRole('heading', { name: 'Second factor required' })).toBeVisible();
  await action(other, 'Confirm that it’s you').click();
  await field(other, 'Code').fill(code(secret, Date.now() + 30_000));
  await other.getByRole('button', { name: 'Confirm', exact: true }).click();
  await expect(other, 'back where it was asked for').toHaveURL(new RegExp(`/orgs/${org}/members$`));
  await expect(other.getByRole('heading', { name: 'Members', exact: true })).toBeVisible();
  await other.context().close();
});

test('nobody sets a policy that locks them out', async ({ page }) => {
  await setUp(page);
  const org = await createOrganization(page, 'Focus Labs');
  await openPolicy(page, org);
  await field(page, 'Allowed e-mail domains').fill('elsewhere.test');
  await field(page, 'Session lifetime (hours)').fill('8');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Your own e-mail address is not of these').first()).toBeVisible();
  await expect(field(page, 'Session lifetime (hours)'), 'what was typed is kept').toHaveValue('8');
  await field(page, 'Allowed e-mail domains').fill(person.email.split('@')[1]!);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.goto(`/orgs/${org}/activity`);
  await expect(page.getByRole('row').filter({ hasText: 'Sign-in policy changed' })).toHaveCount(1);
});
