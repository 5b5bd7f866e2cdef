// What a person does, step by step, by the words on the page alone.
import { readFile } from 'node:fs/promises';
import { expect, type Download, type Locator, type Page } from '@playwright/test';

export const person = { name: 'Ada Reyes', email: 'ada@focuslabs.test', password: 'correct-horse-battery-9' };

/** A button or a link: which of the two is the page's business. */
export function action(within: Page | Locator, name: string) {
  return within
    .getByRole('button', { name, exact: true })
    .or(within.getByRole('link', { name, exact: true }))
    .first();
}

/** A tab of the page; where tabs are links, those of the page and not of the sidebar. */
export function tab(page: Page, name: string) {
  return page
    .getByRole('tab', { name, exact: true })
    .or(page.getByRole('main').getByRole('link', { name, exact: true }))
    .first();
}

export const field = (within: Page | Locator, name: string) => within.getByRole('textbox', { name, exact: true });

/** The last part of the page's address: the id of what it shows. */
export const shownId = (page: Page) => new URL(page.url()).pathname.split('/')[2]!;

export async function setUp(page: Page, who = person) {
  await page.goto('/');
  await expect(page).toHaveURL(/\/setup$/);
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

/** From an empty folder to an app: what most tests begin with. */
export async function portalWithApp(page: Page): Promise<Ids> {
  await setUp(page);
  const org_id = await createOrganization(page, 'Focus Labs');
  const tenant_id = await createTenant(page, 'Staging');
  const project_id = await createProject(page, 'Mobile');
  const app_id = await createApp(page, 'Focus Android');
  return { org_id, tenant_id, project_id, app_id };
}

/** Opens the panel on an app's page of keys. */
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
  signingSecret?: boolean;
}

/** Fills the panel and generates; returns the dialog that shows the secrets once. */
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

/** The row of the key list whose label is this. */
export const keyRow = (page: Page, label: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: label, exact: true }) });

/** Clicks what starts a download and returns it, parsed. */
export async function downloadJson(page: Page, link: Locator) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: download.suggestedFilename(), json: await parsed(download) };
}

async function parsed(download: Download) {
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Record<string, string>;
}
