// `links.mjs FOLDER`: checks that relative links in the folder's .md files lead to files and headings in that folder.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const [folder] = process.argv.slice(2);
const documents = readdirSync(folder, { recursive: true }).filter(name => name.endsWith('.md'));
const text = path => readFileSync(path, 'utf8');

// The anchor of a heading, as code hosts make it.
const anchor = heading => heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-');
const anchors = path => [...text(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));

let wrong = 0;
for (const name of documents) {
  const path = join(folder, name);
  for (const [, link] of text(path).matchAll(/\]\(([^)]*)\)/g)) {
    if (link.includes('://')) continue;
    const [file, fragment] = link.split('#');
    const target = file ? join(dirname(path), file) : path;
    const inside = !relative(folder, target).startsWith('..') && existsSync(target);
    if (inside && (!fragment || (statSync(target).isFile() && anchors(target).includes(fragment)))) continue;
    console.error(`${name}: the link ${link} leads nowhere`);
    wrong += 1;
  }
}
if (documents.length === 0) console.error('There is no document.');
process.exit(wrong > 0 || documents.length === 0 ? 1 : 0);
