// The settings of a run, and the format of figures.
import { dirname, join } from 'node:path';

export const rounds = Number(process.env.BENCH_ROUNDS ?? 9);
export const seconds = Number(process.env.BENCH_SECONDS ?? 3);
export const connections = Number(process.env.BENCH_CONNECTIONS ?? 64);
export const few = Number(process.env.BENCH_FEW ?? 1_000);
export const many = Number(process.env.BENCH_MANY ?? 100_000);
export const most = Number(process.env.BENCH_MOST ?? 1_000_000);
export const cached = Number(process.env.BENCH_CACHED ?? 200_000);
export const revocations = Number(process.env.BENCH_REVOCATIONS ?? 500);
// With three nodes of which none has anything else to do.
export const node_revocations = Number(process.env.BENCH_NODE_REVOCATIONS ?? 10_000);
// How often a node is cut off, and how often one is started.
export const cuts = Number(process.env.BENCH_CUTS ?? 20);
export const starts = Number(process.env.BENCH_STARTS ?? 5);
export const exact = Number(process.env.BENCH_EXACT ?? 1_000_000);
export const rotation = Number(process.env.BENCH_ROTATION ?? 200_000);
// Of that rotation, in seconds.
export const grace = Number(process.env.BENCH_GRACE ?? 120);
export const usage_rows = Number(process.env.BENCH_USAGE_ROWS ?? 10_000_000);
export const flood_seconds = Number(process.env.BENCH_FLOOD ?? 60);
export const report_file = process.env.BENCH_REPORT ?? 'docs/benchmarks.md';
// Existing builds: for a trial of the script, whose figures mean nothing.
export const trial = Boolean(process.env.BENCH_BINARY);
const examples = process.env.BENCH_EXAMPLES ?? 'target/release/examples';
export const binary = process.env.BENCH_BINARY ?? 'target/release/sallyport';
export const bare = `${examples}/bare`;
export const cached_program = `${examples}/cached`;
export const fill_log = `${examples}/fill_log`;
export const fill_usage = `${examples}/fill_usage`;
// A server, and what makes its keys.
export const ours = { binary, seed: `${examples}/seed` };
// An older release to compare with; its seed example is in the same folder by default.
const base = process.env.BENCH_BASE;
export const older = base && { binary: base, seed: process.env.BENCH_BASE_SEED ?? join(dirname(base), 'seed') };

export const number = value => Math.round(value).toLocaleString('en-US');
export const ms = value => `${value.toFixed(2)} ms`;
export const kb = bytes => `${(bytes / 1024).toFixed(1)} KB`;
export const mb = bytes => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
export const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const say = text => process.stderr.write(`${text}\n`);

// Upper and lower bounds. Violated ones are listed at the end, and fail the run.
const goals = [];
export function goal(name, value, { least, most: top }) {
  const holds = least === undefined ? value <= top : value >= least;
  goals.push({ name, value, bound: least === undefined ? `≤ ${top}` : `≥ ${least}`, holds });
  return value;
}
export const all_goals = () => goals;
