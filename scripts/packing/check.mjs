// `check.mjs FOLDER`: checks that the SBOM and the licences list exactly the linked crates, with the versions in
// Cargo.lock.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linked_names } from './linked.mjs';

const [folder] = process.argv.slice(2);
const sbom = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8'));
const licences = readFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
const lock = readFileSync('Cargo.lock', 'utf8');
const allowed_licences = /^allow = \[([^\]]*)\]/m.exec(readFileSync('deny.toml', 'utf8'))[1].match(/[^"]+(?=",)/g);
const wrong = [];
const must = (holds, text) => holds || wrong.push(text);

must(sbom.bomFormat === 'CycloneDX' && sbom.specVersion === '1.6', 'it is not a CycloneDX 1.6 document');
must(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(sbom.serialNumber), 'its serial number is not a UUID');
const refs = new Set(sbom.components.map(component => component['bom-ref']));
must(refs.size === sbom.components.length, 'a component is named twice');
for (const { ref, dependsOn } of sbom.dependencies) {
  for (const one of [ref, ...dependsOn]) must(one === 'sallyport' || refs.has(one), `${one} is in the dependencies, but is not a component`);
}

// SPDX: one of the licences joined by OR, all of those joined by AND. No expression in use has nested brackets.
function is_allowed(expression) {
  const flat = expression.replaceAll(/\(([^()]*)\)/g, (_, inner) => (is_allowed(inner) ? allowed_licences[0] : 'none'));
  return flat.split(' OR ').some(one => one.split(' AND ').every(id => allowed_licences.includes(id.trim())));
}

const named = new Map(sbom.components.map(component => [component.purl, component]));
const linked = [...linked_names()].map(name => name.split(' '));
// Crates that must be in the list, in case the list of linked crates is ever incomplete.
for (const name of ['axum', 'leptos', 'libsqlite3-sys', 'ring', 'sqlx-core', 'tokio', 'wasm-bindgen']) {
  must(linked.some(([one]) => one === name), `${name} is missing from the linked crates`);
}
for (const [name, version] of linked) {
  const component = named.get(`pkg:cargo/${name}@${version}`);
  must(component, `${name} ${version} is missing`);
  const escaped = version.replaceAll(/[.+]/g, '\\$&');
  const entry = new RegExp(`name = "${name}"\nversion = "${escaped}"\n(?:source = "(.*)"\nchecksum = "(.*)"\n)?`).exec(lock);
  const [, source, checksum] = entry ?? [];
  must(entry && component?.hashes?.[0].content === checksum, `${name} ${version} is not what Cargo.lock has`);
  const licence = component?.licenses?.[0].expression;
  must(licence && is_allowed(licence), `the licence of ${name} ${version} (${licence}) is not allowed by deny.toml`);
  must(!source || source.startsWith('registry+'), `${name} ${version} comes from ${source}`);
  if (source) must(licences.includes(`\n${name} ${version}: `), `${name} ${version} is not among the licences`);
}
const crates = [...named.keys()].filter(purl => purl.startsWith('pkg:cargo/'));
must(crates.length === linked.length, `${crates.length} crates are named, and ${linked.length} are linked`);
for (const text of wrong) console.error(`SBOM: ${text}`);
process.exit(wrong.length > 0 ? 1 : 0);
