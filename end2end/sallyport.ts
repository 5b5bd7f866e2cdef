// The real binary with its own folder and port, for one test.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { test as base, expect } from '@playwright/test';

const binary = resolve(process.env.SALLYPORT_BINARY ?? join(__dirname, '../target/release/sallyport'));

/** The servers that run in this process, by address. */
const running = new Map<string, Sallyport>();

/** The address of /setup, as the server printed it. */
export async function printedSetup(url: string) {
  const portal = running.get(new URL(url).origin);
  if (!portal) throw new Error(`nothing of these tests serves ${url}`);
  const printed = () => portal.output.match(/http:\/\/\S+\/setup\?token=\w+/g)?.at(-1); // the last one, as a restart changes it
  await expect.poll(printed, 'the address of /setup is printed').toBeDefined();
  return printed()!;
}

/** A port on which nobody listens. */
export async function freePort() {
  const server = createServer();
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise(closed => server.close(closed));
  return port;
}

export class Sallyport {
  url = '';
  /** What the server wrote to stdout and stderr. */
  output = '';
  private child?: ChildProcess;

  private constructor(readonly dir: string) {}

  get data() {
    return join(this.dir, 'data');
  }

  static async start(...args: string[]) {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run make build`);
    const portal = new Sallyport(await mkdtemp(join(tmpdir(), 'sallyport-e2e-')));
    await portal.serve(...args);
    return portal;
  }

  /** Starts the server; returns once the port is known. */
  async serve(...args: string[]) {
    const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const child = spawn(binary, ['serve', ...listen, '--data', this.data, ...args], {
      cwd: this.dir,
      env: clean(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    process.once('exit', () => child.kill('SIGKILL')); // if the worker ends early, so does its server
    let said = ''; // of this start alone: an earlier one had another port
    this.url = await new Promise<string>((found, failed) => {
      const read = (chunk: Buffer) => {
        this.output += chunk;
        said += chunk;
        const line = /listening on (http:\/\/\S+)/.exec(said);
        if (line) found(line[1]!.replace(/\/$/, ''));
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('error', failed);
      child.on('exit', code => failed(new Error(`sallyport ended with ${code} before it listened:\n${this.output}`)));
    });
    running.set(this.url, this);
  }

  /** Stops the server as a service manager would, and returns its exit code. */
  async stop() {
    const child = this.child;
    if (!child || child.exitCode !== null) return child?.exitCode;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), 25_000);
    const [code] = await ended;
    clearTimeout(impatience);
    return code as number | null;
  }

  async remove() {
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Runs a command on the same folder and returns its output. */
  async cli(...args: string[]) {
    return this.cliWith('', ...args);
  }

  private async cliWith(input: string, ...args: string[]) {
    const running = promisify(execFile)(binary, [...args, '--data', this.data], { cwd: this.dir, env: clean() });
    running.child.stdin!.end(input);
    const { stdout, stderr } = await running;
    this.output += stderr;
    return stdout.trim();
  }

  /** Creates an account on the command line; its password need not be changed at the first sign-in. */
  person({ name, email, password }: { name: string; email: string; password: string }) {
    return this.cliWith(`${password}\n`, 'user', 'create', '--keep', '--name', name, '--email', email);
  }

  rootToken() {
    return this.cli('token', 'create', '--name', 'e2e');
  }

  /** Verifies a key as a backend does. */
  async verify(rootToken: string, key: string, more: object = {}) {
    const answer = await fetch(`${this.url}/v1/keys/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rootToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ key, ...more }),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as { valid: boolean; code: string; app_id?: string; scopes?: string[] };
  }

  /** Verifies a key as a gateway does. */
  auth(key: string, query = '') {
    return fetch(`${this.url}/v1/auth${query}`, { headers: { 'x-api-key': key } });
  }

  /** Every file under the data folder, as bytes. */
  async files() {
    const entries = await readdir(this.data, { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    return Promise.all(files.map(async name => ({ name, bytes: await readFile(name) })));
  }
}

/** The environment without settings of Sallyport, which must not reach the binary. */
function clean() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_')));
}

/** `portal`: a fresh Sallyport, stopped and removed after the test; pages open at its address. */
export const test = base.extend<{ portalArgs: string[]; portal: Sallyport }>({
  portalArgs: [[], { option: true }],
  portal: async ({ portalArgs }, use, info) => {
    const portal = await Sallyport.start(...portalArgs);
    await use(portal);
    const code = await portal.stop();
    if (info.status !== info.expectedStatus) await info.attach('sallyport.log', { body: portal.output });
    await portal.remove();
    expect(code, 'exit code after SIGTERM').toBe(0);
  },
  baseURL: async ({ portal }, use) => use(portal.url),
});

export { expect };
