// The duration of a sign-in, and the sizes of the process and its files.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { binary, goal, kb, mb, median, number } from './settings.mjs';
import { requests } from './wrk.mjs';

// Of compressed files; a debug site has none.
function size(...files) {
  const stats = files.map(file => statSync(join('target/site/pkg', file), { throwIfNoEntry: false }));
  return stats.every(Boolean) ? kb(stats.reduce((sum, stat) => sum + stat.size, 0)) : 'not compressed';
}

export async function sizes(portal, at_start) {
  goal('memory at start, in MB', at_start, { most: 40 });
  const after = portal.memory();
  const sign_ins = [];
  const pages = [];
  for (let turn = 0; turn < 9; turn++) {
    sign_ins.push(await portal.signIn());
    const began = performance.now();
    await portal.visit('/sign-in');
    pages.push(performance.now() - began);
  }
  const of_start = megabytes => `${megabytes.toFixed(1)} MB | ${(megabytes / at_start).toFixed(2)} × at start`;
  const sign_in = median(sign_ins);
  return `## Sign-in and sizes

| what | | ratio |
|---|---:|---|
| sign-in (argon2id) | ${sign_in.toFixed(0)} ms | ${(sign_in / median(pages)).toFixed(0)} × the page with its form |
| memory at start | ${at_start.toFixed(1)} MB | 1 |
| memory after ${number(requests())} requests | ${of_start(after)} |
| memory after ${sign_ins.length} more sign-ins | ${of_start(portal.memory())} |
| binary with the site | ${mb(statSync(binary).size)} | |
| css, brotli | ${size('sallyport.css.br')} | |
| js + wasm, brotli | ${size('sallyport.js.br', 'sallyport.wasm.br')} | |
`;
}
