import { spawnSync } from 'node:child_process';

/**
 * `npm run bench`: runs each benchmark in its own process, one after the other, so that none affects the next. Takes
 * half an hour.
 */
const BENCHMARKS = ['ingest.ts', 'logplex.ts', 'boots.ts', 'silent.ts', 'overhead.ts'];

let failed = false;
for (const file of BENCHMARKS) {
  process.stdout.write(`\n== ${file}\n`);
  const { status } = spawnSync(process.execPath, [new URL(file, import.meta.url).pathname], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
