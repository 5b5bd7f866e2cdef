// The bytes of a visit, within the budgets of the design.
import type { Page } from '@playwright/test';
import { expect, test } from './sallyport';
import { hydrated, issueKey, portalWithApp } from './steps';

/** Bytes received per kind of file, as compressed on the wire. */
function meter(page: Page, origin: string) {
  const bytes = { html: 0, css: 0, code: 0, elsewhere: [] as string[] };
  const pending: Promise<void>[] = [];
  page.on('request', request => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) bytes.elsewhere.push(request.url());
  });
  page.on('requestfinished', request => {
    pending.push(
      (async () => {
        const response = await request.response();
        if (!response || response.fromServiceWorker()) return;
        // For a file from the cache the size of the body is negative.
        const size = Math.max(0, (await request.sizes()).responseBodySize);
        const type = response.headers()['content-type'] ?? '';
        if (type.includes('html')) bytes.html += size;
        else if (type.includes('css')) bytes.css += size;
        else if (type.includes('javascript') || type.includes('wasm')) bytes.code += size;
      })(),
    );
  });
  return async () => {
    await Promise.all(pending.splice(0));
    const got = { ...bytes };
    Object.assign(bytes, { html: 0, css: 0, code: 0, elsewhere: [] });
    return got;
  };
}

test('the key list with 25 rows stays within its budget', async ({ page, portal, browser }) => {
  const { app_id } = await portalWithApp(page);
  for (let index = 0; index < 25; index++) {
    await issueKey(page, app_id, { label: `Backend ${index}` });
  }

  // A first visit: signed in, with an empty cache.
  const context = await browser.newContext({ storageState: await page.context().storageState(), baseURL: portal.url });
  const visit = await context.newPage();
  const taken = meter(visit, portal.url);
  const answer = (await visit.goto(`/apps/${app_id}/keys`, { waitUntil: 'networkidle' }))!;
  expect.soft(answer.headers()['content-security-policy']).toMatch(/^default-src 'none'; script-src 'nonce-/);
  expect.soft(answer.headers()['content-encoding']).toBe('br');
  await expect(visit.getByRole('row')).toHaveCount(26);
  const first = await taken();
  await hydrated(visit);
  await visit.keyboard.press('Control+k');
  await expect(visit.getByRole('dialog', { name: 'Search', exact: true }).getByRole('option').first()).toBeVisible();
  const palette = await taken();
  await visit.goto(`/apps/${app_id}/activity`, { waitUntil: 'networkidle' });
  const second = await taken();
  const shift = await visit.evaluate(
    () =>
      new Promise<number>(resolve => {
        let sum = 0;
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
        }).observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      }),
  );
  await context.close();

  console.log('first visit', first, 'palette', palette, 'second page', second);
  const kb = 1024;
  expect.soft(first.html).toBeLessThanOrEqual(12 * kb);
  expect.soft(first.css).toBeLessThanOrEqual(12 * kb);
  expect.soft(first.code).toBeLessThanOrEqual(60 * kb);
  expect.soft(palette.css + palette.code, 'the palette is in the first visit').toBe(0);
  expect.soft([...first.elsewhere, ...palette.elsewhere, ...second.elsewhere]).toEqual([]);
  expect.soft(second.css + second.code, 'the second page is HTML alone').toBe(0);
  expect.soft(shift, 'layout shift').toBe(0);
});

test('pages of the console are HTML alone, within the budget of a second page', async ({ page, portal }) => {
  const { org_id, app_id } = await portalWithApp(page);
  await issueKey(page, app_id, { label: 'Backend' });
  for (let index = 0; index < 25; index++) await portal.cli('token', 'create', '--name', `Backend ${index}`);
  await page.goto(`/apps/${app_id}/keys`, { waitUntil: 'networkidle' });
  const taken = meter(page, portal.url);
  const lists = ['organizations', 'users', 'apps', 'root-tokens', 'audit', 'audit/all', 'mail', 'jobs', 'health'];
  for (const path of [...lists, `organizations/${org_id}`, 'revoke-keys'].map(name => `/admin/${name}`)) {
    await page.goto(path, { waitUntil: 'networkidle' });
    const { html, css, code, elsewhere } = await taken();
    expect.soft(html, path).toBeLessThanOrEqual(12 * 1024);
    expect.soft(css + code, `${path} is HTML alone`).toBe(0);
    expect.soft(elsewhere, path).toEqual([]);
  }
});
