// Times are shown in the reader's time zone, with its name; without scripts in UTC. The layout does not shift.
import { expect, test } from './sallyport';
import { portalWithApp } from './steps';

/** A moment in a time zone, as the page writes it. */
function clock(at: string, timeZone: string) {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(at));
  const part = (type: string) => parts.find(part => part.type === type)!.value;
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`;
}

for (const timezoneId of ['Asia/Kathmandu', 'America/Los_Angeles', 'UTC']) {
  test.describe(timezoneId, () => {
    test.use({ timezoneId });

    test('the full time is in the reader’s zone', async ({ page }) => {
      const { org_id } = await portalWithApp(page);
      await page.goto(`/orgs/${org_id}/activity`);
      const time = page.getByRole('main').getByRole('time').first();
      const at = (await time.getAttribute('datetime'))!;
      expect(at).toMatch(/Z$/);
      // A browser may know the zone by an older name.
      const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
      await expect(time).toHaveAttribute('title', `${clock(at, timezoneId)} ${zone}`);
      await expect(time).toHaveText(/just now|min ago/);
      // Without a mouse, a tap shows it.
      await time.click();
      await expect(time).toBeFocused();
    });
  });
}

test.describe('a date', () => {
  test.use({ timezoneId: 'Pacific/Kiritimati' }); // UTC+14

  test('is the reader’s day, and the layout does not shift', async ({ page }) => {
    const { org_id } = await portalWithApp(page);
    // As the server writes dates long ago: half past noon UTC on the 9th is the 10th in that zone.
    await page.route(`**/orgs/${org_id}/activity`, async route => {
      const response = await route.fetch();
      const body = await response.text();
      const old = '<time datetime="2026-09-09T12:30:00Z" title="2026-09-09 12:30:00 UTC" data-date="day">9 Sep</time>';
      const older = '<time datetime="2025-12-31T12:30:00Z" title="2025-12-31 12:30:00 UTC" data-date="year">31 Dec 2025</time>';
      let seen = 0;
      const aged = body.replace(/<time [^>]*>[^<]*<\/time>/g, time => [old, older][seen++] ?? time);
      await route.fulfill({ response, body: aged });
    });
    await page.goto(`/orgs/${org_id}/activity`);
    const times = page.getByRole('main').getByRole('time');
    await expect(times.nth(0)).toHaveText('10 Sep');
    await expect(times.nth(0)).toHaveAttribute('title', '2026-09-10 02:30:00 Pacific/Kiritimati');
    await expect(times.nth(1)).toHaveText('1 Jan 2026');
    const shift = await page.evaluate(
      () =>
        new Promise<number>(resolve => {
          let sum = 0;
          new PerformanceObserver(list => {
            for (const entry of list.getEntries()) sum += (entry as PerformanceEntry & { value: number }).value;
          }).observe({ type: 'layout-shift', buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
        }),
    );
    expect(shift).toBe(0);
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false, timezoneId: 'Asia/Kathmandu' });

  test('the full time is in UTC', async ({ page }) => {
    const { org_id } = await portalWithApp(page);
    await page.goto(`/orgs/${org_id}/activity`);
    const time = page.getByRole('main').getByRole('time').first();
    const at = (await time.getAttribute('datetime'))!;
    await expect(time).toHaveAttribute('title', `${clock(at, 'UTC')} UTC`);
  });
});
