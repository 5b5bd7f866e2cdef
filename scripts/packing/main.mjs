// `main.mjs VERSION SBOM LICENCES`: the contents of the binary as a CycloneDX document, and all their licence texts.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { linked, sqlite, tailwind } from './linked.mjs';
import { licences } from './licences.mjs';

const [version, sbom_file, licences_file] = process.argv.slice(2);
const packages = linked();
const bundled = [sqlite(packages), tailwind()];

const checksums = new Map();
for (const [, name, version, checksum] of readFileSync('Cargo.lock', 'utf8').matchAll(
  /^name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"$/gm,
)) {
  checksums.set(`${name} ${version}`, checksum);
}

const purl = ({ name, version }) => `pkg:cargo/${name}@${version}`;
// Old manifests write "MIT/Apache-2.0".
const expression = license => license.replaceAll(/\s*\/\s*/g, ' OR ');

const crates = packages.map(found => {
  const checksum = checksums.get(`${found.name} ${found.version}`);
  return {
    type: 'library',
    'bom-ref': purl(found),
    name: found.name,
    version: found.version,
    scope: 'required',
    ...(checksum && { hashes: [{ alg: 'SHA-256', content: checksum }] }),
    licenses: [{ expression: expression(found.license) }],
    purl: purl(found),
    ...(found.repository && { externalReferences: [{ type: 'vcs', url: found.repository }] }),
  };
});
const others = bundled.map(({ name, version, license, purl }) => ({
  type: 'library',
  'bom-ref': purl,
  name,
  version,
  scope: 'required',
  licenses: [license],
  purl,
}));

const root = packages.find(({ name }) => name === 'sallyport-server');
const by_id = new Map(packages.map(found => [found.id, found]));
const dependencies = packages.map(found => ({
  ref: purl(found),
  dependsOn: [...new Set(found.needs.filter(id => by_id.has(id)).map(id => purl(by_id.get(id))))].sort(),
}));
const components = [...crates, ...others];
// The serial number is derived from the content, so that the same build gives the same document.
const digest = createHash('sha256').update(JSON.stringify([version, components, dependencies])).digest('hex');
const uuid = [digest.slice(0, 8), digest.slice(8, 12), `5${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)];

const sbom = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: `urn:uuid:${uuid.join('-')}`,
  version: 1,
  metadata: {
    timestamp: new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString(),
    component: {
      type: 'application',
      'bom-ref': 'sallyport',
      name: 'sallyport',
      version,
      licenses: [{ license: { id: 'Apache-2.0' } }],
    },
  },
  components,
  dependencies: [{ ref: 'sallyport', dependsOn: [purl(root), ...others.map(other => other.purl)] }, ...dependencies],
};
writeFileSync(sbom_file, `${JSON.stringify(sbom, null, 2)}\n`);
writeFileSync(licences_file, licences([...packages.filter(({ source }) => source), ...bundled]));
