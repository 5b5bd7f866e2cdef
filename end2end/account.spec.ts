// The account page and the members page, with and without scripts.
import type { Browser, Page } from '@playwright/test';
import { expect, test, type Sallyport } from './sallyport';
import { action, choose, field, person, portalWithApp, send, setUp, signIn } from './steps';

/** A session in another browser. */
async function elsewhere(browser: Browser, portal: Sallyport, who = person) {
  const context = await browser.newContext({ baseURL: portal.url });
  const page = await context.newPage();
  await page.goto('/sign-in');
  await signIn(page, who);
  await expect(page.getByRole('button', { name: 'Switch organization' })).toBeVisible();
  return page;
}

const said = (page: Page, words: string) => page.getByRole('status').filter({ hasText: words });

test('changing the password and signing out everywhere else end the other sessions', async ({ page, browser, portal }) => {
  await portalWithApp(page);
  let other = await elsewhere(browser, portal);
  await page.goto('/account');
  await expect(page.getByRole('table', { name: 'Sessions' }).locator('tbody').getByRole('row')).toHaveCount(2);
  await field(page, 'Current password').fill('not-the-password-1');
  await field(page, 'New password').fill('another-horse-battery-7');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(field(page, 'Current password')).toHaveAccessibleDescription(/not your password/);
  await expect(field(page, 'New password')).toHaveValue('');
  await field(page, 'Current password').fill(person.password);
  await field(page, 'New password').fill('another-horse-battery-7');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(said(page, 'Your password was changed')).toBeVisible();
  await other.reload();
  await expect(other).toHaveURL(/\/sign-in/);
  await other.context().close();

  other = await elsewhere(browser, portal, { ...person, password: 'another-horse-battery-7' });
  await page.goto('/account');
  const session = page.getByRole('table', { name: 'Sessions' }).locator('tbody').getByRole('row');
  await expect(session).toHaveCount(2);
  await session.filter({ hasNotText: 'This session' }).getByRole('button', { name: 'Sign out' }).click();
  await expect(said(page, 'That session is signed out.')).toBeVisible();
  await expect(session).toHaveCount(1);
  await other.reload();
  await expect(other).toHaveURL(/\/sign-in/);
  await other.context().close();

  await field(page, 'Name').fill('Ada Byron');
  await page.getByRole('button', { name: 'Change name' }).click();
  await expect(said(page, 'Your name was changed.')).toBeVisible();
});

test('after too many wrong passwords an unknown browser has to wait, a known one does not', async ({ page, browser, portal }) => {
  await setUp(page);
  const context = await browser.newContext({ baseURL: portal.url });
  const stranger = await context.newPage();
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await send(stranger, '/sign-in', { email: person.email, password: `guess number ${attempt}` });
    expect(answer.status()).toBe(422);
  }
  await stranger.goto('/sign-in');
  const answered = stranger.waitForResponse(response => response.request().method() === 'POST');
  await signIn(stranger);
  const answer = await answered;
  expect(answer.status()).toBe(429);
  expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0);
  await expect(stranger.getByRole('alert')).toContainText(/Too many wrong passwords. Try again in \d+ second/);
  await expect(field(stranger, 'Email')).toHaveValue(person.email);
  await context.close();

  await page.request.post('/sign-out', { headers: { 'sec-fetch-site': 'same-origin' } });
  await page.goto('/sign-in');
  await signIn(page);
  await expect(field(page, 'Organization name')).toBeVisible();
});

test('owners change the roles of members', async ({ page, browser, portal }) => {
  const { org_id } = await portalWithApp(page);
  const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };
  await portal.person(grace);
  await portal.cli('member', 'add', '--org', org_id, '--email', grace.email, '--role', 'member');
  const hers = await elsewhere(browser, portal, grace);
  const members = `/orgs/${org_id}/members`;
  await hers.goto(members);
  await expect(hers.getByRole('row').filter({ hasText: person.name }).getByText('Owner', { exact: true })).toBeVisible();
  await expect(action(hers, 'Change role')).toHaveCount(0);
  expect((await hers.goto(`/orgs/${org_id}/keys/revoke-all`))!.status()).toBe(403);
  await expect(hers.getByText('Your role here is Member')).toBeVisible();

  const row = page.getByRole('row').filter({ hasText: grace.name });
  await page.goto(members);
  await choose(page, 'Change role', `Actions for ${grace.name}`);
  const dialog = page.getByRole('dialog', { name: 'Change role' });
  await dialog.getByRole('combobox', { name: 'Role' }).selectOption({ label: 'Admin' });
  await dialog.getByRole('button', { name: 'Change role' }).click();
  await expect(row.getByText('Admin', { exact: true })).toBeVisible();
  expect((await hers.goto(`/orgs/${org_id}/keys/revoke-all`))!.status()).toBe(200);

  await choose(page, 'Remove', `Actions for ${grace.name}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Remove member' }).click();
  await expect(row).toHaveCount(0);
  expect((await hers.goto(members))!.status()).toBe(404);
  await hers.context().close();

  // The last owner can't be removed.
  await choose(page, 'Change role', `Actions for ${person.name}`);
  await dialog.getByRole('combobox', { name: 'Role' }).selectOption({ label: 'Member' });
  await dialog.getByRole('button', { name: 'Change role' }).click();
  await expect(page.getByRole('alert')).toContainText(/owner/);
});
