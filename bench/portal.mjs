// A portal in a temporary folder, and the steps of a person on its pages, as plain forms.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ours } from './settings.mjs';

export const person = { email: 'bench@sallyport.test', password: 'a-long-bench-password' };
export const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

const servers = [];
process.on('exit', () => {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// Starts a server and waits until it prints its address.
export async function listening(command, args, name, env = {}) {
  // Logs go to a file: a pipe that is not read while wrk runs would block the server.
  const log = join(folder, `${name}.log`);
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', openSync(log, 'w')], env: { ...process.env, ...env } });
  servers.push(server);
  let output = '';
  const base = await new Promise((found, failed) => {
    server.stdout.on('data', chunk => {
      output += chunk;
      const line = /listening on (http:\/\/\S+)/.exec(output);
      if (line) found(line[1].replace(/\/$/, ''));
    });
    server.on('error', failed);
    server.on('exit', code => failed(new Error(`${command} ended with ${code}:\n${output}${readFileSync(log, 'utf8')}`)));
  });
  return { server, base, log, said: () => output };
}

export class Portal {
  cookie = '';

  // Started, without any account.
  static async start(name, flags = [], env = {}, programs = ours) {
    const portal = new Portal();
    portal.programs = programs;
    portal.env = { ...process.env, ...env };
    portal.data = join(folder, name);
    const args = ['serve', '--listen', '127.0.0.1:0', '--data', portal.data, ...flags];
    return Object.assign(portal, await listening(programs.binary, args, name, env));
  }

  // A root token that may verify.
  makeRoot() {
    this.root = execFileSync(this.programs.binary, ['token', 'create', '--name', 'bench', '--data', this.data], {
      encoding: 'utf8',
      env: this.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return this.root;
  }

  // Many more keys in its app; their secrets in a file, a line each.
  fill(count) {
    this.secrets = join(folder, `${this.data.split('/').pop()}.secrets`);
    const args = [this.data, person.email, this.app.split('/').pop(), String(count), this.secrets];
    execFileSync(this.programs.seed, args, { stdio: 'inherit', env: this.env });
  }

  // Stops it, and returns its use of memory and processor.
  end() {
    this.server.removeAllListeners('exit');
    this.server.kill('SIGTERM');
    return new Promise(done => this.server.on('exit', done));
  }

  // Resident memory in MB.
  memory() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.server.pid}/status`, 'utf8'))[1]) / 1024;
  }

  // Until it has written its pending data: then it is idle for longer than the interval between two writes.
  async rest() {
    const ticks = () => {
      const fields = readFileSync(`/proc/${this.server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    for (let seconds = 0, before = ticks(); seconds < 8; ) {
      await new Promise(done => setTimeout(done, 1_000));
      const now = ticks();
      seconds = now - before <= 2 ? seconds + 1 : 0;
      before = now;
    }
  }

  async visit(path, form) {
    const answer = await fetch(this.base + path, {
      method: form ? 'POST' : 'GET',
      // wrk blocks this process for longer than a kept connection stays open.
      headers: { origin: this.base, cookie: this.cookie, connection: 'close' },
      body: form && new URLSearchParams(form),
      redirect: 'manual',
    });
    const set = answer.headers.getSetCookie().find(cookie => cookie.startsWith('sallyport='));
    if (set) this.cookie = set.split(';')[0];
    return { status: answer.status, to: answer.headers.get('location') ?? '', body: await answer.text() };
  }

  async create(path, form) {
    const { status, to, body } = await this.visit(path, form);
    if (status !== 303) throw new Error(`POST ${path}: ${status}\n${body.slice(0, 2000)}`);
    return new URL(to, this.base).pathname;
  }

  // At the end of the printed address; an older binary requires none on loopback.
  async setupToken() {
    for (;;) {
      const printed = /\/setup(?:\?token=(\w+))?\s/.exec(this.said());
      if (printed) return printed[1] ? { token: printed[1] } : {};
      await new Promise(done => setTimeout(done, 20));
    }
  }

  // Creates the first account, down to an app with one key.
  async setUp(plan = 'enterprise') {
    await this.create('/setup', { name: 'Bench', ...(await this.setupToken()), ...person });
    this.org = await this.create('/orgs/new', { name: 'Bench', description: '', plan, tenant: 'Default' });
    const tenant = await this.create(`${this.org}/tenants/new`, { name: 'Bench' });
    this.project = await this.create(`${tenant}/projects/new`, { name: 'Bench' });
    this.app = await this.create(`${this.project}/apps/new`, { name: 'Bench', os: 'backend', bundle_id: '', description: '' });
    this.key = await this.generate();
    return this;
  }

  async generate() {
    const panel = await this.visit(`${this.app}/keys?panel=generate`);
    const form_token = /name="form_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="form_token"/
      .exec(panel.body)
      ?.slice(1)
      .find(Boolean);
    const app_id = this.app.split('/').pop();
    const form = { form_token, app_id, label: 'bench', environment: 'production', scopes: 'read', expires: '' };
    const issued = await this.visit(`${this.app}/keys`, form);
    const key = /sk_live_[0-9A-Za-z]{36}/.exec(issued.body)?.[0];
    if (!key) throw new Error(`no key was issued: ${issued.status}\n${issued.body.slice(0, 2000)}`);
    return key;
  }

  // A sign-in without a session, in milliseconds.
  async signIn() {
    this.cookie = '';
    const began = performance.now();
    await this.create('/sign-in', person);
    return performance.now() - began;
  }
}
