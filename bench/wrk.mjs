// Runs wrk and parses its output. Targets alternate, so that disturbances of the machine affect all of them.
import { spawn } from 'node:child_process';
import { connections, median, rounds, seconds } from './settings.mjs';

let asked = 0;
export const requests = () => asked;

const factors = { us: 0.001, ms: 1, s: 1000, m: 60_000 };
const milliseconds = text => {
  const [, figure, unit] = /([\d.]+)(us|ms|s|m)/.exec(text);
  return Number(figure) * factors[unit];
};

function wrk(args) {
  return new Promise((done, failed) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk));
    child.on('error', failed);
    child.on('close', code => (code === 0 ? done(said) : failed(new Error(said))));
  });
}

// One run. A response that is not 200 is an error, unless refusals are measured.
export async function load(target, length = seconds) {
  const open = target.connections ?? connections;
  const said = await wrk(['-t1', `-c${open}`, `-d${length}s`, '--latency', ...target.args]);
  if (/Socket errors/.test(said) || (!target.refused && /Non-2xx/.test(said))) throw new Error(said);
  const count = Number(/(\d+) requests in/.exec(said)[1]);
  if (count < open) throw new Error(`too few answers in ${length} s: make BENCH_SECONDS larger\n${said}`);
  asked += count;
  return {
    count,
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0),
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(said)[1]),
  };
}

// Each target once a round; every other round backwards, so that none always comes after the same one.
export async function measure(targets) {
  for (const target of targets) await load(target, 1); // warm
  for (const target of targets) target.runs = [];
  for (let round = 0; round < rounds; round++) {
    const turn = round % 2 ? [...targets].reverse() : targets;
    for (const target of turn) target.runs.push(await load(target));
  }
}

export const rate = target => median(target.runs.map(run => run.rate));
export const p99 = target => median(target.runs.map(run => run.p99));
const of_pairs = (target, other, figure) =>
  median(target.runs.map((run, round) => run[figure] / other.runs[round][figure]));
// Of the pairs of one round, the median.
export const beside = (target, other) => of_pairs(target, other, 'rate');
export const p99_beside = (target, other) => of_pairs(target, other, 'p99');
