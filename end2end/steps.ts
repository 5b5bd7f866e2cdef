// What a person does, found by the words on the page only.
import { readFile } from 'node:fs/promises';
import { expect, type BrowserContext, type Download, type Locator, type Page } from '@playwright/test';
import { printedSetup } from './sallyport';

export const person = { name: 'Ada Reyes', email: 'ada@focuslabs.test', password: 'correct-horse-battery-9' };

/** A button or a link with this name: tests do not depend on which of the two it is. */
export function action(within: Page | Locator, name: string) {
  return within
    .getByRole('button', { name, exact: true })
    .or(within.getByRole('link', { name, exact: true }))
    .first();
}

/** A tab of the page. Tabs may be links; links of the sidebar are not meant. */
export function tab(page: Page, name: string) {
  return page
    .getByRole('tab', { name, exact: true })
    .or(page.getByRole('main').getByRole('link', { name, exact: true }))
    .first();
}

export const field = (within: Page | Locator, name: string) => within.getByRole('textbox', { name, exact: true });

/** The text to type before what can't be undone, as the page says it. */
export async function confirmation(page: Page) {
  const hint = await page.getByText(/^Type .* to confirm\.$/).textContent();
  return hint!.replace(/^Type “(.*)” to confirm\.$/, '$1');
}

/** The last part of the page's address: the id of what it shows. */
export const shownId = (page: Page) => new URL(page.url()).pathname.split('/')[2]!;

/** Opens the address that the server printed. */
export async function openSetup(page: Page) {
  await page.goto(await setupAddress(page));
}

async function setupAddress(page: Page) {
  return printedSetup((await page.request.get('/setup')).url());
}

export async function setUp(page: Page, who = person) {
  await page.goto('/');
  await expect(page).toHaveURL(/\/setup$/);
  await openSetup(page);
  await field(page, 'Name').fill(who.name);
  await field(page, 'Email').fill(who.email);
  await field(page, 'Password').fill(who.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(field(page, 'Organization name')).toBeVisible();
}

export async function signIn(page: Page, who = person) {
  await field(page, 'Email').fill(who.email);
  await field(page, 'Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function createOrganization(page: Page, name: string) {
  if (!new URL(page.url()).pathname.endsWith('/orgs/new')) await page.goto('/orgs/new');
  await field(page, 'Organization name').fill(name);
  await field(page, 'Description').fill('Attention, measured kindly.');
  await page.getByRole('radio', { name: 'Pro', exact: true }).check();
  await page.getByRole('button', { name: 'Create organization' }).click();
  await expect(page).toHaveURL(/\/orgs\/org_[0-9A-Za-z_]+$/);
  return shownId(page);
}

export async function createTenant(page: Page, name: string) {
  await action(page, 'New tenant').click();
  await field(page, 'Name').fill(name);
  await page.getByRole('button', { name: 'Create tenant' }).click();
  await expect(page).toHaveURL(/\/tenants\/ten_[0-9A-Za-z_]+$/);
  return shownId(page);
}

export async function createProject(page: Page, name: string) {
  await action(page, 'New project').click();
  await field(page, 'Name').fill(name);
  await page.getByRole('button', { name: 'Create project' }).click();
  await expect(page).toHaveURL(/\/projects\/prj_[0-9A-Za-z_]+$/);
  return shownId(page);
}

export async function createApp(page: Page, name: string, system = 'Android') {
  await action(page, 'New app').click();
  await field(page, 'Name').fill(name);
  await page.getByRole('combobox', { name: 'Operating system' }).selectOption({ label: system });
  await page.getByRole('button', { name: 'Create app' }).click();
  await expect(page).toHaveURL(/\/apps\/app_[0-9A-Za-z_]+$/);
  return shownId(page);
}

export interface Ids {
  org_id: string;
  tenant_id: string;
  project_id: string;
  app_id: string;
}

/** Sends a form as its page would, for what a test needs and does not test. */
export function send(page: Page, path: string, fields: Record<string, string | string[]>) {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(fields)) for (const value of [values].flat()) form.append(name, value);
  return page.request.post(path, {
    data: form.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    maxRedirects: 0,
  });
}

/** Sends a form that creates something, and returns its id. */
export async function make(page: Page, path: string, fields: Record<string, string>) {
  const answer = await send(page, path, fields);
  expect(answer.status(), `${path}: ${answer.status() === 303 ? '' : await answer.text()}`).toBe(303);
  return answer.headers()['location']!.split('/')[2]!;
}

/** From an empty folder to an app, without the pages; the main job uses the pages. */
export async function portalWithApp(page: Page): Promise<Ids> {
  const token = new URL(await setupAddress(page)).searchParams.get('token')!;
  await make(page, '/setup', { ...person, token });
  const ids = await organizationWithApp(page, 'Focus Labs', 'Focus Android');
  await page.goto(`/apps/${ids.app_id}`);
  return ids;
}

export async function organizationWithApp(page: Page, name: string, app: string): Promise<Ids> {
  const about = 'Attention, measured kindly.';
  const org_id = await make(page, '/orgs/new', { name, description: about, plan: 'pro', tenant: 'Development' });
  const tenant_id = await make(page, `/orgs/${org_id}/tenants/new`, { name: 'Staging' });
  const project_id = await make(page, `/tenants/${tenant_id}/projects/new`, { name: 'Mobile' });
  const fields = { name: app, os: 'android', bundle_id: '', description: '' };
  const app_id = await make(page, `/projects/${project_id}/apps/new`, fields);
  return { org_id, tenant_id, project_id, app_id };
}

/** Sends the form of the panel without opening it; returns the secret and the address of the key's page. */
export async function issueKey(page: Page, appId: string, key: NewKey) {
  const path = `/apps/${appId}/keys`;
  const panel = await (await page.request.get(`${path}?panel=generate`)).text();
  const answer = await send(page, path, {
    form_token: /name="form_token" value="([^"]+)"/.exec(panel)![1]!,
    app_id: appId,
    label: key.label,
    environment: (key.type ?? 'Production').toLowerCase(),
    scopes: (key.scopes ?? ['Read', 'Write']).map(scope => scope.toLowerCase()),
    expires: key.expires ?? 'never',
    signing_secret: key.signingSecret === false ? [] : 'on',
  });
  const secret = /sk_(?:live|test)_[0-9A-Za-z]{36}/.exec(await answer.text())?.[0];
  expect(secret, `${key.label}: ${answer.status()}`).toBeTruthy();
  const found = await send(page, `${path}/search`, { q: secret! });
  return { secret: secret!, path: found.headers()['location']! };
}

/** Waits until the islands have attached their listeners; without scripts, returns at once. */
export async function hydrated(page: Page, scripts = true) {
  if (scripts) await expect(page.locator('html')).toHaveAttribute('data-hydrated', 'true');
}

/** Opens the panel on the page of an app's keys. */
export async function openPanel(page: Page, appId: string) {
  await page.goto(`/apps/${appId}/keys`);
  await action(page, 'Generate API Key').click();
  const panel = page.getByRole('dialog', { name: 'Generate API Key' });
  await expect(panel).toBeVisible();
  return panel;
}

export interface NewKey {
  label: string;
  type?: string;
  scopes?: string[];
  /** `never` or a number of days. */
  expires?: string;
  signingSecret?: boolean;
}

/** Fills the panel and submits it; returns the dialog that shows the secrets once. */
export async function generateKey(page: Page, appId: string, key: NewKey) {
  const panel = await openPanel(page, appId);
  await fillPanel(panel, key);
  await panel.getByRole('button', { name: 'Generate key' }).click();
  const once = page.getByRole('dialog', { name: 'Save your key' });
  await expect(once).toBeVisible();
  return once;
}

export async function fillPanel(panel: Locator, key: NewKey) {
  await field(panel, 'Label').fill(key.label);
  await panel.getByRole('combobox', { name: 'Key Type' }).selectOption({ label: key.type ?? 'Production' });
  const scopes = panel.getByRole('group', { name: 'Scopes' });
  for (const scope of key.scopes ?? ['Read', 'Write']) {
    await scopes.getByRole('checkbox', { name: scope, exact: true }).check();
  }
  if (key.signingSecret === false) await panel.getByRole('checkbox', { name: 'Signing secret' }).uncheck();
}

export async function done(once: Locator) {
  await once.getByRole('checkbox', { name: 'I have saved these secrets' }).check();
  await action(once, 'Done').click();
  await expect(once).toBeHidden();
}

/** The row of the key list with this label. */
export const keyRow = (page: Page, label: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: label, exact: true }) });

/** Opens the menu with this button, by default the one of a key's page, and chooses an entry. */
export async function choose(page: Page, name: string, menu = 'More actions') {
  await page.getByRole('button', { name: menu, exact: true }).click();
  await action(page, name).click();
}

/** The content of the clipboard. The portal's policy does not let its pages read it, so a blank page pastes it. */
export async function clipboard(context: BrowserContext) {
  const blank = await context.newPage();
  await blank.setContent('<textarea></textarea>');
  await blank.locator('textarea').press('ControlOrMeta+v');
  const text = await blank.locator('textarea').inputValue();
  await blank.close();
  return text;
}

/** Clicks this element, which starts a download of JSON, and returns the parsed content. */
export async function downloadJson(page: Page, link: Locator) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), json: await parsed(download) };
}

async function parsed(download: Download) {
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Record<string, string>;
}
