// The browser's own files (history, downloads, sessions, forms, caches) contain no secret of a key.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { expect, test } from './sallyport';
import { done, downloadJson, field, generateKey, hydrated, portalWithApp } from './steps';

for (const scripts of [true, false]) {
  test(`no secret is in the browser’s profile, ${scripts ? 'with' : 'without'} scripts`, async ({ portal }, info) => {
    const profile = await mkdtemp(join(tmpdir(), 'sallyport-profile-'));
    const open = () =>
      chromium.launchPersistentContext(profile, {
        ...info.project.use.launchOptions,
        baseURL: portal.url,
        javaScriptEnabled: scripts,
        acceptDownloads: true,
      });
    const secrets: Record<string, string> = {};
    let context: BrowserContext = await open();
    let page = context.pages()[0]!;
    const { app_id } = await portalWithApp(page);

    const once = await generateKey(page, app_id, { label: 'Kept nowhere' });
    await hydrated(page, scripts);
    secrets.key = await field(once, 'Secret key').inputValue();
    secrets.signing = await field(once, 'Signing secret').inputValue();
    const download = once.getByRole(scripts ? 'link' : 'button', { name: 'Download credentials JSON', exact: true });
    if (scripts) {
      const href = await download.getAttribute('href');
      expect(href).toMatch(/^blob:/);
      expect((await downloadJson(page, download)).json.secret_key).toBe(secrets.key);
      // The object URL is revoked after use, and a second download works.
      await expect(download).not.toHaveAttribute('href', href!);
    }
    const file = await downloadJson(page, download);
    expect(file.name).toBe(`credentials-${app_id}.json`);
    expect(file.json).toMatchObject({ app_id, secret_key: secrets.key, signing_secret: secrets.signing });
    expect(page.url()).not.toContain('sk_live');
    await done(once);

    const key = await page.getByRole('link', { name: 'Kept nowhere', exact: true }).getAttribute('href');
    await page.goto(`${key}/signing-secret`);
    await page.getByRole('button', { name: 'Rotate signing secret' }).click();
    const again = page.getByRole('dialog', { name: 'Save your signing secret' });
    await hydrated(page, scripts);
    secrets.rotated = await field(again, 'Signing secret').inputValue();
    expect(secrets.rotated).not.toBe(secrets.signing);
    const rotated = again.getByRole(scripts ? 'link' : 'button', { name: 'Download credentials JSON', exact: true });
    expect((await downloadJson(page, rotated)).json.signing_secret).toBe(secrets.rotated);
    // The browser is closed while the dialog is open, and started again.
    await context.close();
    await scan('after the first end');
    context = await open();
    page = context.pages()[0]!;
    await page.goto('/');
    await context.close();
    await scan('after the second end');
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });

    async function scan(when: string) {
      const entries = await readdir(profile, { recursive: true, withFileTypes: true });
      let seen = false;
      for (const entry of entries.filter(entry => entry.isFile())) {
        const name = join(entry.parentPath, entry.name);
        // The browser removes some of its files a moment after it has ended.
        const bytes = await readFile(name).catch(error => {
          if (error.code !== 'ENOENT') throw error;
          return Buffer.alloc(0);
        });
        seen ||= bytes.includes(app_id);
        for (const [what, secret] of Object.entries(secrets)) {
          for (const part of [secret, secret.slice(8, 30)]) {
            expect(bytes.includes(part), `${what} in ${name} ${when}`).toBe(false);
            expect(bytes.includes(Buffer.from(part, 'utf16le')), `${what} in ${name} ${when} (UTF-16)`).toBe(false);
            expect(bytes.includes(Buffer.from(part).toString('base64').slice(0, 16)), `${what} in ${name} (base64)`).toBe(false);
          }
        }
      }
      expect(seen, 'the history holds the addresses of the portal').toBe(true);
    }
  });
}
