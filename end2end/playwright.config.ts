import { existsSync } from 'node:fs';
import { defineConfig, devices } from '@playwright/test';

const browser =
  process.env.CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

export default defineConfig({
  testDir: '.',
  outputDir: 'results',
  // Each test starts its own server on its own folder, so tests may run in parallel.
  fullyParallel: true,
  workers: 2,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    // View transitions are slow on a machine without a GPU.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: browser,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'js', testIgnore: [/narrow\.spec\.ts$/, ...(process.env.SHOTS || process.env.PICTURES ? [] : [/shots\.spec\.ts$/])] },
    // The same main job without JavaScript: every mutation is a form.
    {
      name: 'nojs',
      use: { javaScriptEnabled: false },
      testMatch: /[/](main-job|expiring|forms|handover|hygiene|imports|keys|settings|account|account-tokens|capabilities|device|policies|profiles|report-a-leak|reset|rotation|service-accounts|single-sign-on|two-step|webhooks)\.spec\.ts$/,
    },
    {
      name: 'phone',
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
      testMatch: /[/](main-job|narrow)\.spec\.ts$/,
    },
  ],
});
