// Keys that were made elsewhere, with and without scripts.
import { expect, test } from './sallyport';
import { portalWithApp } from './steps';

const key = 'acme_Zm9vYmFyYmF6cXV4MDEyMzQ1';

test('keys are imported after a look at what would happen', async ({ page, javaScriptEnabled }) => {
  await portalWithApp(page);
  await page.getByRole('link', { name: 'Import keys' }).click();
  await expect(page.getByRole('heading', { name: 'Import keys' })).toBeVisible();
  const file = page.getByLabel('Choose a file', { exact: true });
  const upload = async (text: string) => {
    await file.setInputFiles({ name: 'keys.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    // With scripts it is sent once it is chosen.
    if (!(javaScriptEnabled ?? true)) await page.getByRole('button', { name: 'Check file' }).click();
  };
  await upload('label\nno key\n');
  await expect(file).toHaveAccessibleDescription(/one of which is key/);
  await upload(`key,label,environment,scopes\n${key},Checkout,production,read\nshort,Wrong,production,read\n`);
  const table = page.getByRole('table', { name: 'Lines' });
  await expect(table.getByRole('row', { name: /Checkout/ })).toContainText('Import');
  await expect(table.getByRole('row', { name: /12 to 255/ })).toContainText('Refused');
  expect(await page.content()).not.toContain(key);
  await page.getByRole('button', { name: 'Import 1 key' }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('Finished')).toBeVisible({ timeout: 500 });
  }).toPass();
  await table.getByRole('link', { name: 'Checkout' }).click();
  await expect(page.getByText('Imported: rotate it when you can')).toBeVisible();
});
