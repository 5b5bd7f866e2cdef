// A copy button says what it copied, or that it could not copy.
import { expect, test } from './sallyport';
import { clipboard, field, generateKey, hydrated, issueKey, keyRow, portalWithApp } from './steps';

test('the button beside a shortened key copies its ID and says so', async ({ page, context }) => {
  const { app_id } = await portalWithApp(page);
  const { path } = await issueKey(page, app_id, { label: 'Copied' });
  await page.goto(`/apps/${app_id}/keys`);
  await hydrated(page);
  const copy = keyRow(page, 'Copied').getByRole('button', { name: 'Copy key ID' });
  await keyRow(page, 'Copied').getByRole('button', { name: 'Actions for Copied' }).click();
  await expect(copy).toHaveAttribute('title', 'Copy key ID');
  await copy.click();
  await expect(page.getByRole('status').filter({ hasText: 'Key ID copied' })).toHaveCount(1);
  expect(await clipboard(context)).toBe(path.split('/').pop());
});

test('the secrets of a new key are copied as an environment file and as a call', async ({ page, context, portal }) => {
  const { app_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Copied' });
  await hydrated(page);
  const [key, signing] = [await field(once, 'Secret key').inputValue(), await field(once, 'Signing secret').inputValue()];
  await once.getByRole('button', { name: 'Copy as .env' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'As .env copied' })).toHaveCount(1);
  expect(await clipboard(context)).toBe(`API_KEY=${key}\nSIGNING_SECRET=${signing}\n`);
  await once.getByRole('button', { name: 'Copy as curl' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'As curl copied' })).toHaveCount(1);
  expect(await clipboard(context)).toBe(`curl -i ${portal.url}/v1/auth -H "x-api-key: ${key}"`);
});

test('if the browser refuses, the button says so and selects the text', async ({ page }) => {
  const { app_id } = await portalWithApp(page);
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } });
    document.execCommand = () => false;
  });
  const once = await generateKey(page, app_id, { label: 'Refused' });
  await hydrated(page);
  const secret = await field(once, 'Secret key').inputValue();
  await once.getByRole('button', { name: 'Copy secret key' }).click();
  await expect(page.getByText('Not copied. It is selected')).toHaveCount(1);
  const selected = await field(once, 'Secret key').evaluate((input: HTMLInputElement) =>
    input.value.slice(input.selectionStart!, input.selectionEnd!),
  );
  expect(selected).toBe(secret);
});
