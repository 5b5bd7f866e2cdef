// Each role is denied something that the next larger one may do, and the page says why. What it may do is offered.
import { expect, test } from './sallyport';
import { action, person, portalWithApp, signIn, type Ids } from './steps';

const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };

interface Case {
  role: string;
  at: 'org' | 'tenant' | 'project';
  may: (ids: Ids) => string;
  denied: (ids: Ids) => string;
  says: RegExp;
}

const cases: Case[] = [
  {
    role: 'admin', at: 'org', says: /Your role here is Admin\./,
    may: ({ org_id }) => `/orgs/${org_id}/settings/archive`, denied: ({ org_id }) => `/orgs/${org_id}/settings/delete`,
  },
  {
    role: 'member', at: 'org', says: /Your role here is Member\./,
    may: ({ org_id }) => `/orgs/${org_id}/members`, denied: ({ org_id }) => `/orgs/${org_id}/keys`,
  },
  {
    role: 'tenant_admin', at: 'tenant', says: /Your role here is only for a part of it: Tenant admin\./,
    may: ({ tenant_id }) => `/tenants/${tenant_id}/projects/new`, denied: ({ org_id }) => `/orgs/${org_id}/tenants/new`,
  },
  {
    role: 'tenant_member', at: 'tenant', says: /Your role here is Tenant member\./,
    may: ({ app_id }) => `/apps/${app_id}/keys`, denied: ({ tenant_id }) => `/tenants/${tenant_id}/projects/new`,
  },
  {
    role: 'project_admin', at: 'project', says: /Your role here is only for a part of it: Project admin\./,
    may: ({ project_id }) => `/projects/${project_id}/settings/archive`,
    denied: ({ tenant_id }) => `/tenants/${tenant_id}/projects/new`,
  },
  {
    role: 'developer', at: 'project', says: /Your role here is Developer\./,
    may: ({ app_id }) => `/apps/${app_id}/keys?panel=generate`,
    denied: ({ project_id }) => `/projects/${project_id}/settings/archive`,
  },
  {
    role: 'viewer', at: 'project', says: /Your role here is Viewer\./,
    may: ({ app_id }) => `/apps/${app_id}/activity`, denied: ({ app_id }) => `/apps/${app_id}/keys?panel=generate`,
  },
];

for (const { role, at, may, denied, says } of cases) {
  test(`${role} of a ${at}`, async ({ page, browser, portal }) => {
    const ids = await portalWithApp(page);
    await portal.person(grace);
    await portal.cli('member', 'add', `--${at}`, ids[`${at}_id` as const], '--email', grace.email, '--role', role);
    const context = await browser.newContext({ baseURL: portal.url });
    const hers = await context.newPage();
    await hers.goto('/sign-in');
    await signIn(hers, grace);
    expect((await hers.goto(may(ids)))!.status()).toBe(200);
    expect((await hers.goto(denied(ids)))!.status()).toBe(403);
    await expect(hers.getByText(says)).toBeVisible();
    await expect(hers.getByText(person.name)).toBeVisible(); // whom to ask
    await context.close();
  });
}

test('the last owner can not leave, and hands the organization over', async ({ page, portal }) => {
  const { org_id } = await portalWithApp(page);
  await portal.person(grace);
  await portal.cli('member', 'add', '--org', org_id, '--email', grace.email, '--role', 'member');
  const members = `/orgs/${org_id}/members`;
  const mine = page.getByRole('row').filter({ hasText: person.name });
  const hers = page.getByRole('row').filter({ hasText: grace.name });
  const open = async (name: string, of: string) => {
    await page.goto(members);
    await page.getByRole('button', { name: `Actions for ${of}` }).click();
    await action(page, name).click();
  };
  await open('Leave', person.name);
  await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
  await expect(page.getByRole('alert')).toContainText('This is the last owner');
  await open('Hand over ownership', grace.name);
  await page.getByRole('dialog').getByRole('button', { name: 'Hand over' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'new owner' })).toBeVisible();
  await expect(hers.getByText('Owner', { exact: true })).toBeVisible();
  await expect(mine.getByText('Admin', { exact: true })).toBeVisible();
});

test('members of a project, with where their roles come from', async ({ page, portal }) => {
  const { org_id, project_id } = await portalWithApp(page);
  await portal.person(grace);
  await portal.cli('member', 'add', '--project', project_id, '--email', grace.email, '--role', 'developer');
  await page.goto(`/projects/${project_id}`);
  await page.getByRole('main').getByRole('link', { name: 'Members' }).click();
  await expect(page.getByRole('row').filter({ hasText: grace.name })).toContainText('Developer');
  const owner = page.getByRole('row').filter({ hasText: person.name });
  await expect(owner).toContainText('From Focus Labs');
  await page.getByText('What may a project admin do?').click();
  await expect(page.getByRole('definition').filter({ hasText: 'Manage members' }).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await owner.getByRole('link', { name: 'Focus Labs' }).click();
  await expect(page).toHaveURL(new RegExp(`/orgs/${org_id}/members`));
});
