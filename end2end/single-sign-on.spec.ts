// A person signs in with a certified OpenID provider (npm's oidc-provider), with scripts and without; and one who is not let in.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test as base } from './sallyport';
import { field, person, setUp, signIn } from './steps';

const script = resolve(__dirname, '../server/tests/http/sign_in/with/provider.mjs');

/** `provider`: its address. The portal of the test knows it as Acme. */
const test = base.extend<{ provider: string }>({
  provider: async ({}, use) => {
    // Without a port: that of the portal is not known yet.
    const child = spawn('node', [script, 'http://127.0.0.1/sign-in/with/acme'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let url = '';
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('http://')) continue;
      url = line;
      break;
    }
    await use(url);
    child.stdin.end(); // it ends with its input
    if (child.exitCode === null) await once(child, 'exit');
  },
  portalArgs: async ({ provider }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-sso-'));
    await writeFile(join(folder, 'secret'), 'only-for-tests\n');
    const settings = join(folder, 'sallyport.toml');
    await writeFile(
      settings,
      `[single_sign_on.acme]\nname = "Acme"\nissuer = "${provider}"\nclient_id = "sallyport"\n` +
        `client_secret_file = "${join(folder, 'secret')}"\ndomains = ["example.com", "focuslabs.test"]\n`,
    );
    await use(['--config', settings]);
    await rm(folder, { recursive: true, force: true });
  },
});

/** axe is a script. */
async function check(page: Page, project: string) {
  if (project !== 'js') return;
  expect((await new AxeBuilder({ page }).setLegacyMode().analyze()).violations).toEqual([]);
}

test('a person signs in with an issuer, and out again', async ({ page }, info) => {
  await setUp(page);
  await page.context().clearCookies();
  await page.goto('/sign-in');
  await check(page, info.project.name);
  await page.getByRole('button', { name: 'Continue with Acme', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Acme' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Login' }).fill('grace');
  await page.getByRole('button', { name: 'Sign in at Acme' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
  await page.goto('/account');
  await expect(page.getByRole('main').getByText('grace@example.com').first()).toBeVisible();
  await expect(field(page, 'Name')).toHaveValue('The person grace');

  await page.getByRole('main').getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  await expect(field(page, 'Password')).toBeVisible();
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('an address that is not verified signs nobody in, and locks nobody out', async ({ page, provider }, info) => {
  await setUp(page);
  await page.context().clearCookies();
  const claims = encodeURIComponent(JSON.stringify({ email: person.email, email_verified: false }));
  expect((await page.request.get(`${provider}/control?account=mallory&claims=${claims}`)).status()).toBe(200);
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Continue with Acme', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Not signed in' })).toBeVisible();
  await expect(page.getByText('does not say that your e-mail address is verified')).toBeVisible();
  await check(page, info.project.name);
  await page.getByRole('link', { name: 'Back to the sign-in' }).click();
  await signIn(page);
  await expect(field(page, 'Organization name')).toBeVisible();
});

test('an account is linked once its owner signed in as before', async ({ page, provider }, info) => {
  await setUp(page);
  await page.context().clearCookies();
  const claims = encodeURIComponent(JSON.stringify({ email: person.email }));
  expect((await page.request.get(`${provider}/control?account=ada&claims=${claims}`)).status()).toBe(200);
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Continue with Acme', exact: true }).click();
  await expect(page.getByText('Sign in to it as before, and you can link it then.')).toBeVisible();
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Link Acme' })).toBeVisible();
  await check(page, info.project.name);
  await page.getByRole('button', { name: 'Link Acme' }).click();
  await expect(page.getByText('The sign-in is linked.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Unlink Acme' })).toBeVisible();
  await check(page, info.project.name);

  await page.context().clearCookies();
  await page.goto('/sign-in?next=/account');
  await page.getByRole('button', { name: 'Continue with Acme', exact: true }).click();
  await expect(page).toHaveURL(/\/account$/);
  await expect(page.getByRole('main').getByText(person.email).first()).toBeVisible();
});
