// Without a session nothing is visible, and ids of other organizations get the same response as missing ones.
import { expect, test } from './sallyport';
import { createOrganization, field, person, portalWithApp, setUp, signIn } from './steps';

test('without a session: the sign-in page, then the page that was requested', async ({ page, context }) => {
  const { app_id, org_id } = await portalWithApp(page);
  await context.clearCookies();
  for (const path of [`/apps/${app_id}/keys?include_revoked=true`, `/orgs/${org_id}/activity`]) {
    await page.goto(path);
    await expect(page).toHaveURL(/\/sign-in/);
  }
  await signIn(page);
  await expect(page).toHaveURL(new RegExp(`/orgs/${org_id}/activity$`));
});

test('a return address never leads to another site', async ({ page, context, portal }) => {
  await setUp(page);
  await createOrganization(page, 'Focus Labs');
  await context.clearCookies();
  // Another site is refused under any name of the parameter.
  const away = encodeURIComponent('//elsewhere.test/');
  await page.goto(`/sign-in?next=${away}&return_to=${away}&to=${away}`);
  await signIn(page);
  await expect(page.getByRole('button', { name: 'Switch organization' })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(portal.url);
});

test('a wrong password is an error, and the e-mail address is kept', async ({ page, context }) => {
  await setUp(page);
  await context.clearCookies();
  await page.goto('/sign-in');
  await signIn(page, { ...person, password: 'not-the-password-1' });
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(field(page, 'Email')).toHaveValue(person.email);
  await expect(field(page, 'Password')).toHaveValue('');
  const wrong = await page.getByRole('alert').innerText();
  await signIn(page, { ...person, email: 'nobody@focuslabs.test' });
  await expect(page.getByRole('alert')).toHaveText(wrong); // the same text, so that it does not reveal who has an account
});

test('setup is available only while there is no account', async ({ page, context }) => {
  await setUp(page);
  await context.clearCookies();
  await page.goto('/setup');
  await expect(page.getByRole('button', { name: 'Create account' })).toHaveCount(0);
});

test('what does not exist is a 404', async ({ page }) => {
  await setUp(page);
  await createOrganization(page, 'Focus Labs');
  for (const path of ['/orgs/org_nobody_aaaaaa', '/apps/app_nobody_aaaaaa', '/keys/key_aaaaaa', '/nothing/here']) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(404);
  }
});
