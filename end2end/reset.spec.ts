// A forgotten password: with scripts and without.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from './sallyport';
import { field, person, setUp, signIn } from './steps';

const another = 'walls have small doors';

test('without mail an operator makes a link, which sets a password once', async ({ page, context, portal }) => {
  await setUp(page);
  await context.clearCookies();
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(page.getByText('This portal does not send mail.')).toBeVisible();

  const link = await portal.cli('user', 'reset-link', person.email, '--public-url', portal.url);
  await page.goto(link);
  await expect(page.getByText(`For ${person.email}.`)).toBeVisible();
  await field(page, 'New password').fill('short');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(field(page, 'New password')).toHaveAccessibleDescription(/at least 12 characters/i);
  await field(page, 'New password').fill(another);
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Your password is set. Sign in with it.')).toBeVisible();
  await signIn(page, { ...person, password: another });
  await expect(page).toHaveURL(/\/orgs\/new/);

  await context.clearCookies();
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  expect(portal.output).not.toContain(link.split('.').at(-1));
});

test('with mail everybody gets the same answer', async ({ page, context, portal }) => {
  await setUp(page);
  await portal.stop();
  const settings = '[mail]\nserver = "127.0.0.1"\nport = 1\ntls = "none"\nfrom = "keys@example.com"\n';
  await writeFile(join(portal.dir, 'sallyport.toml'), settings);
  await portal.serve();
  await context.clearCookies();
  for (const email of [person.email, 'nobody@example.com']) {
    await page.goto(`${portal.url}/reset`);
    await field(page, 'Email').fill(email);
    await page.getByRole('button', { name: 'Send reset link' }).click();
    await expect(page.getByRole('heading', { name: 'Check your mail' })).toBeVisible();
  }
});
