// The search for a request's id shows why the verifier refused it.
import { expect, test } from './sallyport';
import { issueKey, portalWithApp } from './steps';

test('a request id leads to its decision, and the request can be tested again', async ({ page, portal }) => {
  const { app_id } = await portalWithApp(page);
  const { secret, path } = await issueKey(page, app_id, { label: 'Nightly export', scopes: ['Read'] });
  const refused = await fetch(`${portal.url}/v1/auth`, {
    headers: { 'x-api-key': secret, 'x-original-method': 'POST', 'x-original-uri': '/leads?cursor=7' },
  });
  expect(refused.status).toBe(403);
  const id = refused.headers.get('x-request-id')!;

  await page.goto('/search');
  const search = page.getByRole('main').getByRole('searchbox', { name: 'Search everything' });
  await search.fill(id);
  await search.press('Enter');
  await expect(page).toHaveURL(`${portal.url}/requests/${id}`);
  const main = page.getByRole('main');
  await expect(main).toContainText('The key lacks a scope. It needs write');
  await expect(main.getByRole('listitem').filter({ hasText: 'Failed' })).toHaveText('Method and pathFailed');
  expect(await page.content()).not.toContain(secret.slice(8));

  await main.getByRole('link', { name: 'Test it again' }).click();
  await expect(page).toHaveURL(new RegExp(`${path}/test`));
  await expect(page.getByRole('textbox', { name: 'Path' })).toHaveValue('/leads');
  await page.getByRole('combobox', { name: 'Method' }).selectOption('GET');
  await page.getByRole('button', { name: 'Test it', exact: true }).click();
  await expect(page.getByText('It would be accepted.')).toBeVisible();

  await page.goto(`/apps/${app_id}/activity`);
  await page.getByRole('link', { name: 'Refused requests' }).click();
  await page.getByRole('link', { name: 'The key lacks a scope' }).click();
  await expect(page).toHaveURL(`${portal.url}/requests/${id}`);
});
