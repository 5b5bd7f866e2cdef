// The portal under a sub-path, behind a real nginx that forwards the path, and behind one that strips it.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, freePort, Sallyport, test as base } from './sallyport';
import { action, choose, createApp, createOrganization, createProject, createTenant, done, field, fillPanel, hydrated, keyRow, person, tab } from './steps';

const nginx = [process.env.GATEWAY_NGINX, '/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/bin/nginx'].find(
  path => path && existsSync(path),
);

/** nginx in front of the portal. */
class Proxy {
  private constructor(
    private readonly dir: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(port: number, location: string, to: string) {
    const dir = await mkdtemp(join(tmpdir(), 'sallyport-nginx-'));
    await writeFile(
      join(dir, 'nginx.conf'),
      `worker_processes 1; pid nginx.pid; error_log stderr warn; events { worker_connections 64; }
       http {
         access_log off;
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
         server {
           listen 127.0.0.1:${port};
           location ${location} { proxy_pass ${to}; proxy_http_version 1.1; proxy_set_header Host $http_host; }
         }
       }`,
    );
    const child = spawn(nginx!, ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', 'stderr', '-g', 'daemon off;'], { stdio: 'inherit' });
    process.once('exit', () => child.kill('SIGTERM')); // otherwise its workers would go on
    return new Proxy(dir, child);
  }

  async stop() {
    const ended = new Promise(exit => this.child.once('exit', exit));
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.dir, { recursive: true, force: true });
  }
}

for (const way of ['passes the path on', 'takes the path off']) {
  base(`under a sub-path, where the proxy ${way}`, async ({ browser }) => {
    base.skip(!nginx, 'nginx is not here');
    const port = await freePort();
    const root = `http://127.0.0.1:${port}/tools/sallyport`;
    const portal = await Sallyport.start('--public-url', root);
    const takesOff = way === 'takes the path off';
    const proxy = await Proxy.start(port, takesOff ? '/tools/sallyport/' : '/tools/sallyport', takesOff ? `${portal.url}/` : portal.url);
    const context = await browser.newContext({ baseURL: `${root}/` });
    const page = await context.newPage();
    // Every request is below the sub-path, and found.
    const outside: string[] = [];
    page.on('request', request => {
      const within = request.url().startsWith(`${root}/`) || request.url() === root || request.url().startsWith('blob:');
      if (!within) outside.push(`${request.method()} ${request.url()}`);
    });
    page.on('response', response => {
      if (response.status() >= 400) outside.push(`${response.status()} ${response.url()}`);
    });
    const errors: string[] = [];
    page.on('console', message => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', error => errors.push(String(error)));

    await base.step('an account by the printed address, an organization, an app', async () => {
      const printed = () => portal.output.match(/http:\/\/\S+\/setup\?token=\w+/)?.[0];
      await expect.poll(printed).toContain(`${root}/setup?token=`);
      await expect.poll(async () => (await fetch(`${root}/healthz`).catch(() => undefined))?.status).toBe(200);
      await page.goto(printed()!);
      await field(page, 'Name').fill(person.name);
      await field(page, 'Email').fill(person.email);
      await field(page, 'Password').fill(person.password);
      await page.getByRole('button', { name: 'Create account' }).click();
      await createOrganization(page, 'Focus Labs');
      await createTenant(page, 'Staging');
      await createProject(page, 'Mobile');
      await createApp(page, 'Focus Android');
    });

    const secret = await base.step('a key, shown once', async () => {
      await tab(page, 'API keys').click();
      await action(page, 'Generate API Key').click();
      const panel = page.getByRole('dialog', { name: 'Generate API Key' });
      await fillPanel(panel, { label: 'Backend' });
      await panel.getByRole('button', { name: 'Generate key' }).click();
      const once = page.getByRole('dialog', { name: 'Save your key' });
      const secret = await field(once, 'Secret key').inputValue();
      await done(once);
      return secret;
    });

    await base.step('islands: an act in place, a filter, the palette', async () => {
      await hydrated(page);
      await page.evaluate(() => (document.documentElement.dataset.marked = 'true'));
      await choose(page, 'Pause Backend', 'Actions for Backend');
      await expect(keyRow(page, 'Backend').getByText('Paused', { exact: true })).toBeVisible();
      await choose(page, 'Resume Backend', 'Actions for Backend');
      await expect(keyRow(page, 'Backend').getByText('Active', { exact: true })).toBeVisible();
      await page.getByRole('checkbox', { name: 'Include revoked' }).check();
      await expect(page).toHaveURL(/\/tools\/sallyport\/apps\/app_\w+\/keys\?include_revoked=1$/);
      await expect(page.locator('html'), 'the page was not left').toHaveAttribute('data-marked', 'true');
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: 'Search' }).fill('Backend');
      await page.getByRole('option', { name: /Backend/ }).click();
      await expect(page).toHaveURL(/\/tools\/sallyport\/keys\/key_\w+$/);
    });

    await base.step('a key that is asked for by a gateway outside', async () => {
      const answer = await fetch(`${root}/v1/auth?scope=read`, { headers: { 'x-api-key': secret } });
      expect([answer.status, answer.headers.get('x-auth-mode')]).toEqual([200, 'live']);
    });

    await base.step('signed out, and back to where one was', async () => {
      const there = page.url();
      expect(new Set((await context.cookies(root)).map(cookie => cookie.path))).toEqual(new Set(['/tools/sallyport']));
      expect(await context.cookies(`http://127.0.0.1:${port}/other`), 'another application gets none').toEqual([]);
      await context.clearCookies({ name: 'sallyport' });
      await page.goto(there);
      await expect(page).toHaveURL(/\/tools\/sallyport\/sign-in\?next=/);
      await field(page, 'Email').fill(person.email);
      await field(page, 'Password').fill(person.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page).toHaveURL(there);
    });

    expect([outside, errors]).toEqual([[], []]);
    await context.close();
    await proxy.stop();
    expect(await portal.stop()).toBe(0);
    await portal.remove();
  });
}
