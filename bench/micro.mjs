// docs/benchmarks-micro.md: the cost of each part of a verification, in nanoseconds by divan and in instructions by
// callgrind. The former depend on this machine, the latter are the same on any.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const [bench, instructions, report_file] = process.argv.slice(2);
const run = (command, args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

// A row of divan: name, fastest, slowest, median, mean, samples, iterations.
const timed = run(bench, ['--bench'])
  .split('\n')
  .map(line => line.replace(/^[\s│├╰─]+/, '').split(/\s*│\s*|\s{2,}/))
  .filter(cells => cells.length >= 5 && /\d (ns|µs|ms)$/.test(cells[3] ?? ''))
  .map(([name, , , median]) => ({ name, median }));
if (timed.length === 0) throw new Error('divan said nothing that can be read');

// The cost of a thousand more, so that the process's start does not count.
function counted(name) {
  const total = count => {
    const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', instructions, name, String(count)];
    const said = execFileSync('sh', ['-c', 'exec valgrind "$@" 2>&1', 'valgrind', ...args], { encoding: 'utf8' });
    return Number(/Collected : (\d+)/.exec(said)[1]);
  };
  return (total(2_000) - total(1_000)) / 1_000;
}

const rows = timed.map(({ name, median }) => `| ${name} | ${median} | ${Math.round(counted(name)).toLocaleString('en-US')} |`);
const report = `# Micro-benchmarks

Made by \`scripts/bench-micro\`: the parts of a verification, each by itself (\`benches/subjects.rs\`), built as the release
binary is. The time is the median that divan found on this machine (${cpus()[0].model.trim()}); the instructions are
what callgrind counts for one of them, without the start of the process, and are the same on any x86-64. Callgrind has no
SHA instructions, so *digest* is counted without them.

| part | time | instructions |
|---|---:|---:|
${rows.join('\n')}

*parse* checks prefix, shape and checksum; *digest* is the HMAC by which a key is found; *verdict* checks a valid key with
a scope, a method and a path; *limiter* charges one request to a limit by the minute; *seal* encrypts a signing secret.
`;
process.stdout.write(report);
writeFileSync(report_file, report);
