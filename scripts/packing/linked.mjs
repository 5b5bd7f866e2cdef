// The crates that are linked into the binary or its WebAssembly, and what they include besides crates.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const cargo = args => execFileSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 28 });

// What cargo links: without build dependencies (build scripts, macros) and test dependencies.
function names(...args) {
  const tree = cargo(['tree', '--locked', '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}', ...args]);
  return tree.split('\n').flatMap(line => /^(\S+) v(\S+)/.exec(line)?.slice(1, 3).join(' ') ?? []);
}

export function linked_names() {
  const server = names('--package', 'sallyport-server');
  const site = names(
    ...['--package', 'sallyport-app', '--no-default-features', '--features', 'hydrate'],
    ...['--target', 'wasm32-unknown-unknown'],
  );
  return new Set([...server, ...site]);
}

export function linked() {
  const wanted = linked_names();
  const { packages, resolve } = JSON.parse(cargo(['metadata', '--locked', '--format-version', '1']));
  const needs = new Map(
    resolve.nodes.map(({ id, deps }) => [
      id,
      deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null)).map(({ pkg }) => pkg),
    ]),
  );
  return packages
    .filter(({ name, version }) => wanted.has(`${name} ${version}`))
    .map(found => ({ ...found, folder: dirname(found.manifest_path), needs: needs.get(found.id) ?? [] }))
    .sort((one, other) => (one.name + one.version < other.name + other.version ? -1 : 1));
}

// Compiled from C by libsqlite3-sys.
export function sqlite(packages) {
  const { folder } = packages.find(({ name }) => name === 'libsqlite3-sys');
  const version = /#define SQLITE_VERSION\s+"([^"]+)"/.exec(readFileSync(join(folder, 'sqlite3/sqlite3.h'), 'utf8'))[1];
  return {
    name: 'sqlite',
    version,
    license: { license: { id: 'blessing' } },
    purl: `pkg:generic/sqlite@${version}`,
    text: 'SQLite is in the public domain: https://sqlite.org/copyright.html\n',
  };
}

// Its base styles are part of the css.
export function tailwind() {
  const { version } = JSON.parse(readFileSync('node_modules/tailwindcss/package.json', 'utf8'));
  return {
    name: 'tailwindcss',
    version,
    license: { license: { id: 'MIT' } },
    purl: `pkg:npm/tailwindcss@${version}`,
    text: readFileSync('node_modules/tailwindcss/LICENSE', 'utf8'),
  };
}
