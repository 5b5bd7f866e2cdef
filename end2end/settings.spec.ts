// Renaming, archiving and deleting apps, projects, tenants and organizations, with and without scripts.
import { expect, test } from './sallyport';
import { action, field, issueKey, portalWithApp } from './steps';

test('app, project, tenant and organization: renamed, archived, restored, deleted', async ({ page, portal }) => {
  const { org_id, tenant_id, project_id, app_id } = await portalWithApp(page);
  const { secret } = await issueKey(page, app_id, { label: 'Checkout backend' });
  const status = async () => (await portal.auth(secret)).status;
  const places = [
    { noun: 'app', path: `/apps/${app_id}`, above: `/projects/${project_id}` },
    { noun: 'project', path: `/projects/${project_id}`, above: `/tenants/${tenant_id}` },
    { noun: 'tenant', path: `/tenants/${tenant_id}`, above: `/orgs/${org_id}` },
    { noun: 'organization', path: `/orgs/${org_id}`, above: '/orgs/new' },
  ];
  const main = page.getByRole('main');
  expect(await status()).toBe(200);

  for (const { noun, path } of places) {
    await test.step(`${noun}: renamed, archived, restored`, async () => {
      await page.goto(`${path}/settings`);
      await field(page, 'Name').fill('   ');
      await field(page, 'Description').fill('Kept');
      await main.getByRole('button', { name: 'Save' }).click();
      await expect(field(page, 'Name')).toHaveAccessibleDescription(/a name/);
      await expect(field(page, 'Description')).toHaveValue('Kept');
      await field(page, 'Name').fill(`Renamed ${noun}`);
      await main.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();

      await main.getByRole('button', { name: 'Archive' }).click();
      const asks = page.getByRole('dialog', { name: `Archive this ${noun}?` });
      await asks.getByRole('button', { name: `Archive ${noun}` }).click();
      const banner = page.getByText(`The ${noun} Renamed ${noun} is archived`);
      await expect(banner).toBeVisible();
      expect(await status()).toBe(403);
      await page.goto(`/apps/${app_id}/keys`);
      await expect(banner).toBeVisible();
      await expect(action(page, 'Generate API Key')).toHaveCount(0);
      await main.getByRole('button', { name: 'Restore' }).click();
      await expect(page).toHaveURL(path);
      await expect(banner).toHaveCount(0);
      expect(await status()).toBe(200);
    });
  }

  for (const { noun, path, above } of places) {
    await test.step(`${noun}: deleted, after its name was typed`, async () => {
      await page.goto(`${path}/settings`);
      await action(main, 'Delete').click();
      const dialog = page.getByRole('dialog', { name: `Delete this ${noun}?` });
      await field(dialog, `Name of the ${noun}`).fill(noun);
      await dialog.getByRole('button', { name: `Delete ${noun}` }).click();
      await expect(page.getByRole('alert')).toContainText(`Renamed ${noun}`);
      await field(dialog, `Name of the ${noun}`).fill(`Renamed ${noun}`);
      await dialog.getByRole('button', { name: `Delete ${noun}` }).click();
      await expect(page).toHaveURL(above);
      expect((await page.request.get(path)).status()).toBe(404);
      expect(await status()).toBe(401);
    });
  }
});

// 16 × 16 pixels of one colour.
const logo = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mPQDz1CEmIY1TCqYfhqAADLa0gQoaRqfQAAAABJRU5ErkJggg==',
  'base64',
);

test('the logo of an organization is uploaded, shown and removed', async ({ page, javaScriptEnabled }) => {
  const { org_id, tenant_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/settings`);
  const file = page.getByLabel('Upload logo', { exact: true });
  const upload = async (name: string, buffer: Buffer) => {
    await file.setInputFiles({ name, mimeType: 'image/png', buffer });
    // With scripts it is sent once it is chosen.
    if (!(javaScriptEnabled ?? true)) await page.getByRole('button', { name: 'Send logo' }).click();
  };
  await upload('logo.png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
  await expect(file).toHaveAccessibleDescription(/no picture of these formats/);
  await upload('logo.png', logo);
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
  await page.goto(`/tenants/${tenant_id}`);
  const picture = page.locator('.switcher > .avatar').first();
  await expect(picture).toHaveJSProperty('naturalWidth', 16);
  await page.goto(`/orgs/${org_id}/settings`);
  await page.getByRole('button', { name: 'Remove logo' }).click();
  await page.goto(`/tenants/${tenant_id}`);
  await expect(picture).toHaveText('FL');
});

test('an organization is recognized by the colour that was chosen', async ({ page }) => {
  const { org_id, tenant_id } = await portalWithApp(page);
  await page.goto(`/orgs/${org_id}/settings`);
  const choices = page.getByRole('group', { name: 'Colour' });
  await expect(choices.getByRole('button')).toHaveCount(11);
  await expect(choices.getByRole('button', { name: 'Automatic', pressed: true })).toBeVisible();
  for (const colour of ['Teal', 'Pink']) {
    await choices.getByRole('button', { name: colour }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
    await expect(choices.getByRole('button', { name: colour, pressed: true })).toBeVisible();
    await page.goto(`/tenants/${tenant_id}`);
    await expect(page.locator('.switcher > .avatar').first()).toHaveClass(new RegExp(`hue-${colour.toLowerCase()}`));
    await page.goto(`/orgs/${org_id}/settings`);
  }
});
