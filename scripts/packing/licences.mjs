// One file with the licences of everything in the binary: each text once, with the names of its packages.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const is_licence = name => /^(licen[cs]e|copying|notice|unlicense|copyright)/i.test(name);

function texts(folder) {
  return readdirSync(folder)
    .filter(is_licence)
    .sort()
    .map(name => join(folder, name))
    .flatMap(path => (statSync(path).isDirectory() ? texts_of_folder(path) : [path]))
    .map(path => readFileSync(path, 'utf8'));
}
const texts_of_folder = path => readdirSync(path).sort().map(name => join(path, name));

// The MIT licence in SPDX, for packages that name it without including a file.
const mit = ({ name, authors }) => `MIT License

Copyright (c) ${authors?.length ? authors.join(', ') : `the authors of ${name}`}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

// The MPL wants to be told where the source is (3.2).
const mpl = ({ repository }) =>
  `The source code is at ${repository}.\n\n${readFileSync(join(import.meta.dirname, 'MPL-2.0.txt'), 'utf8')}`;

// If a package has no licence file, another package of the same repository has one, or the licence is MIT, ours or the MPL.
function texts_for(found, all) {
  if (found.text) return [found.text];
  const own = texts(found.folder);
  if (own.length > 0) return own;
  const near = all.find(other => other.folder && other.repository === found.repository && texts(other.folder).length > 0);
  if (near) return texts(near.folder);
  if (/\bMIT\b/.test(found.license)) return [mit(found)];
  if (/\bApache-2\.0\b/.test(found.license)) return [readFileSync('LICENSE', 'utf8')];
  if (found.license === 'MPL-2.0') return [mpl(found)];
  throw new Error(`${found.name} ${found.version} (${found.license}) carries no licence text.`);
}

export function licences(all) {
  const by_text = new Map();
  for (const found of all) {
    for (const text of texts_for(found, all)) {
      const tidy = `${text.replaceAll('\r\n', '\n').trim()}\n`;
      by_text.set(tidy, [...(by_text.get(tidy) ?? []), `${found.name} ${found.version}`]);
    }
  }
  const parts = [...by_text].map(([text, names]) => `${names.join(', ')}\n${'-'.repeat(80)}\n${text}`);
  const list = all.map(({ name, version, license }) => `${name} ${version}: ${license?.license?.id ?? license}`);
  return `What is inside Sallyport besides itself, and under which licences\n\n${list.join('\n')}\n\n${'='.repeat(80)}\n${parts.join(`\n${'='.repeat(80)}\n`)}`;
}
