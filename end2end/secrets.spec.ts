// The plain secrets are in one response and nowhere else.
import { expect, test } from './sallyport';
import { crawl } from './crawl';
import { choose, done, field, generateKey, person, portalWithApp, send } from './steps';

test('secrets are in no file, no log, no other page and no storage of the browser', async ({ page, portal }) => {
  const root = await portal.rootToken();
  const ids = await portalWithApp(page);

  const secrets: Record<string, string> = { password: person.password, 'root token': root };
  const keys: string[] = [];
  for (const [index, type] of ['Production', 'Development'].entries()) {
    const once = await generateKey(page, ids.app_id, { label: `Key ${index}`, type });
    secrets[`secret key ${index}`] = await field(once, 'Secret key').inputValue();
    secrets[`signing secret ${index}`] = await field(once, 'Signing secret').inputValue();
    keys.push(secrets[`secret key ${index}`]!);
    expect(page.url()).not.toContain(secrets[`secret key ${index}`]);
    await done(once);
    await leftInBrowser();
  }

  // What is written when the key is used, refused or revoked must not contain them either.
  for (const key of keys) {
    expect((await portal.verify(root, key)).valid).toBe(true);
    await portal.auth(key, '?scope=admin');
    await portal.auth(`${key}x`);
  }
  await page.getByRole('link', { name: 'Key 1', exact: true }).click();
  await choose(page, 'Revoke');
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByRole('main').getByText('Revoked', { exact: true }).first()).toBeVisible();
  await portal.auth(keys[1]!);
  // Reported, and where it was found contains it.
  await send(page, '/report-a-leak', { key: keys[0]!, place: `https://example.com/?key=${keys[0]}` });
  await expect.poll(async () => (await portal.auth(keys[0]!)).status).toBe(401);

  await test.step('every page that links lead to', async () => {
    const pages = await crawl(
      page,
      '/',
      `/apps/${ids.app_id}/keys?include_revoked=true`,
      `/apps/${ids.app_id}/keys?panel=generate`,
      `/orgs/${ids.org_id}/activity`,
    );
    expect(pages.length).toBeGreaterThan(10);
    for (const { path, body } of pages) {
      for (const [name, secret] of Object.entries(secrets)) {
        expect(body.includes(secret), `${name} in ${path}`).toBe(false);
        expect(path.includes(secret), `${name} in the address ${path}`).toBe(false);
      }
    }
  });

  // The database while the server runs (with its WAL), and after it has stopped.
  await files('running');
  await portal.stop();
  await files('stopped');
  for (const [name, secret] of Object.entries(secrets)) {
    expect(portal.output.includes(secret), `${name} in the log`).toBe(false);
  }

  async function files(when: string) {
    const all = await portal.files();
    expect(all.length).toBeGreaterThan(0);
    for (const { name: file, bytes } of all) {
      for (const [name, secret] of Object.entries(secrets)) {
        expect(bytes.includes(secret), `${name} in ${file} (${when})`).toBe(false);
        // The part without prefix and checksum would still be the secret.
        expect(bytes.includes(secret.slice(8, 30)), `part of ${name} in ${file} (${when})`).toBe(false);
      }
    }
  }

  async function leftInBrowser() {
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state]),
    );
    const cookies = JSON.stringify(await page.context().cookies());
    for (const [name, secret] of Object.entries(secrets)) {
      expect(kept.includes(secret) || cookies.includes(secret), `${name} kept by the browser`).toBe(false);
    }
  }
});
