// `site.mjs FOLDER`: makes the css and js in it small, and lays a .br and a .gz beside each file.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import esbuild from 'esbuild';
import { transform } from 'lightningcss';

const [folder] = process.argv.slice(2);
const version = (major, minor = 0) => (major << 16) | (minor << 8);
// The oldest browsers that get what they understand in place of oklch, light-dark and nesting; for esbuild the same.
const targets = {
  chrome: version(109),
  edge: version(109),
  firefox: version(115),
  safari: version(15, 6),
  ios_saf: version(15, 6),
};

const smaller = {
  '.css': code => transform({ filename: 'sallyport.css', code, minify: true, targets }).code,
  '.js': code => esbuild.transformSync(code, { format: 'esm', minify: true, target: ['chrome109', 'firefox115', 'safari15.6'] }).code,
};

for (const name of readdirSync(folder, { recursive: true })) {
  const file = join(folder, name);
  if (!statSync(file).isFile()) continue;
  // What lies in public/ is served as it was written.
  const minify = name.startsWith('pkg/') && smaller[extname(name)];
  if (minify) writeFileSync(file, minify(readFileSync(file)));
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
