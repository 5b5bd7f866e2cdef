// The content security policy as a browser enforces it: the portal's scripts run, and no others.
import type { Page } from '@playwright/test';
import { crawl } from './crawl';
import { expect, test } from './sallyport';
import { done, generateKey, hydrated, portalWithApp } from './steps';

/** Collects what the browser refused because of the policy, and its warnings about headers. */
function refusals(page: Page) {
  const refused: string[] = [];
  page.on('console', message => {
    if (/Content Security Policy|Permissions-Policy|Refused to/i.test(message.text())) refused.push(message.text());
  });
  page.on('pageerror', error => refused.push(String(error)));
  return refused;
}

test('no page violates its policy, and its islands run', async ({ page }) => {
  test.setTimeout(240_000);
  const refused = refusals(page);
  const { app_id, org_id } = await portalWithApp(page);
  const once = await generateKey(page, app_id, { label: 'Checkout backend' });
  await hydrated(page);
  await done(once);
  const pages = await crawl(page, '/', `/orgs/${org_id}/keys?panel=generate`, `/apps/${app_id}/keys?panel=generate`);
  for (const { path, type } of pages) {
    if (!type.startsWith('text/html')) continue;
    await page.goto(path);
    await hydrated(page);
    expect.soft(refused.splice(0), path).toEqual([]);
  }
});

test('an injected script does not run', async ({ page }) => {
  await page.goto('/setup');
  await hydrated(page);
  const found = await page.evaluate(async () => {
    const boot = document.querySelector<HTMLScriptElement>('script[src]')!;
    const ended = (element: HTMLElement, good: string, bad: string) =>
      new Promise<string>(told => {
        element.addEventListener('load', () => told(good));
        element.addEventListener('error', () => told(bad));
      });
    const ran: string[] = [];
    Object.assign(window, { ran });
    const inline = document.createElement('script');
    inline.textContent = 'window.ran.push("inline")';
    document.head.append(inline);
    // Without the nonce not even the portal's own file runs, and the nonce can't be read from the markup.
    const own = document.createElement('script');
    own.type = 'module';
    own.src = `${boot.src}?again`;
    const file = ended(own, 'ran', 'refused');
    document.head.append(own);
    const typed = document.createElement('div');
    typed.innerHTML = '<img src="/nothing.svg" onerror="window.ran.push(\'handler\')"><p style="color: red">typed</p>';
    const image = ended(typed.querySelector('img')!, 'there', 'missing');
    document.body.append(typed);
    const answered = [await file, await image];
    return { ran, answered, nonce: boot.getAttribute('nonce'), styles: typed.querySelector('p')!.style.length };
  });
  expect(found).toEqual({ ran: [], answered: ['refused', 'missing'], nonce: '', styles: 0 });
});
