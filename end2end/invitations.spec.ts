// An invitation, accepted by a stranger without scripts, who then does what the role allows and nothing else.
import { expect, test } from './sallyport';
import { action, field, person, portalWithApp, signIn } from './steps';

const grace = { name: 'Grace Hopper', email: 'grace@focuslabs.test', password: 'nanoseconds-in-a-wire' };

test('a stranger accepts without scripts, and is denied what the role does not allow', async ({ browser, page, portal }) => {
  const { org_id, app_id } = await portalWithApp(page);
  const plain = { baseURL: portal.url, javaScriptEnabled: false };

  // The owner invites without scripts, too.
  const owners = await browser.newContext(plain);
  const owner = await owners.newPage();
  await owner.goto('/sign-in');
  await signIn(owner);
  await owner.goto(`/orgs/${org_id}/members`);
  await owner.getByRole('link', { name: 'Invite', exact: true }).click();
  await expect(owner.getByText('This portal does not send mail. You get a link for each person')).toBeVisible();
  await field(owner, 'E-mail addresses').fill(grace.email);
  await owner.getByRole('combobox', { name: 'Role' }).selectOption('Viewer');
  await owner.getByRole('button', { name: 'Send invitations' }).click();
  const link = await field(owner, grace.email).inputValue();
  expect(link).toContain(`${portal.url}/invitations/`);
  await owner.getByRole('checkbox', { name: 'I have copied what I need' }).check();
  await owner.getByRole('button', { name: 'Done' }).click();
  const listed = owner.getByRole('table', { name: 'Invitations' }).getByRole('row').filter({ hasText: grace.email });
  await expect(listed.getByRole('button', { name: 'Resend', exact: true })).toBeVisible();
  await expect(listed.getByRole('button', { name: 'Revoke invitation', exact: true })).toBeVisible();
  expect(await owner.content()).not.toContain('/invitations/inv_');

  // Another person's browser is told what to do.
  await owner.goto(link);
  await expect(owner.getByText('Sign out, then open the link again.')).toBeVisible();
  await owner.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await expect(owner).toHaveURL(/\/sign-in/);

  const strangers = await browser.newContext(plain);
  const hers = await strangers.newPage();
  await hers.goto(link);
  await expect(hers.getByText(`${person.name} invites you`)).toBeVisible();
  await field(hers, 'Name').fill(grace.name);
  await field(hers, 'Password').fill('short');
  await hers.getByRole('button', { name: 'Accept invitation' }).click();
  await expect(field(hers, 'Password')).toHaveAccessibleDescription(/at least 12 characters/i);
  await field(hers, 'Password').fill(grace.password);
  await hers.getByRole('button', { name: 'Accept invitation' }).click();
  await expect(hers).toHaveURL(`${portal.url}/orgs/${org_id}`);

  // A viewer looks, and changes nothing.
  expect((await hers.goto(`/apps/${app_id}/keys`))!.status()).toBe(200);
  expect((await hers.goto(`/apps/${app_id}/keys?panel=generate`))!.status()).toBe(403);
  await expect(hers.getByText(/Your role here is Viewer\./)).toBeVisible();
  expect((await hers.goto(`/orgs/${org_id}/invitations`))!.status()).toBe(403);
  await hers.goto(`/orgs/${org_id}/members`);
  await expect(hers.getByRole('row').filter({ hasText: grace.email })).toContainText('Viewer');
  await expect(action(hers, 'Invite')).toHaveCount(0);

  // The link works once.
  await strangers.clearCookies();
  await hers.goto(link);
  await expect(hers.getByRole('heading', { name: 'This invitation does not work' })).toBeVisible();
  expect(portal.output).not.toContain(link.split('.').at(-1));
  await owners.close();
  await strangers.close();
});
