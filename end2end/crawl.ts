import type { Page } from '@playwright/test';
import { expect } from '@playwright/test';

export interface Seen {
  path: string;
  status: number;
  type: string;
  body: string;
}

/** Follows all links within the portal from `start`, with the page's session, and returns the responses. */
export async function crawl(page: Page, ...start: string[]): Promise<Seen[]> {
  const origin = new URL(page.url()).origin;
  const waiting = [...start];
  const known = new Set(waiting);
  const seen: Seen[] = [];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const answer = await page.request.get(origin + path);
    const type = answer.headers()['content-type'] ?? '';
    const body = await answer.text();
    seen.push({ path, status: answer.status(), type, body });
    if (!type.startsWith('text/html')) continue;
    for (const [, href] of body.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)) {
      const url = new URL(href!.replaceAll('&amp;', '&'), origin + path);
      const next = url.pathname + url.search;
      // Of the events of a log one is enough: looking at one in the console is another.
      const numbered = next.replace(/\/\d+\//, '/{n}/');
      if (url.origin !== origin || known.has(next) || known.has(numbered)) continue;
      known.add(next).add(numbered);
      waiting.push(next);
    }
    // About 500 today: far above them, since a link that leads to ever new ones passes any bound.
    expect(known.size, 'links without end').toBeLessThan(1500);
  }
  return seen;
}

/** The kind of page at an address: the address without ids and values. */
export function shape(path: string) {
  const url = new URL(path, 'http://portal.test');
  const ids = url.pathname.replace(/\/(org|ten|prj|app|key|usr|tok|pat|job)_[0-9A-Za-z_]+/g, '/{$1}');
  return [ids, ...[...url.searchParams.keys()].sort()].join('?');
}
