/**
 * How long the event loop stands still in a round of the actuator's loop: the longest turn of each step, with 100,000
 * boots in one process.
 *
 *   node --max-old-space-size=12000 bench/loop-turns.ts [--shapes 20x5000,1x20000,2000x50] [--minutes 3] [--rounds 3]
 *
 * A shape is apps x dynos. The boots, the detector, the decisions and the platform's listings are real; Redis is a stub
 * that answers in the next turn. A turn is measured by the CPU time of its thread, in which other programs on the
 * machine do not count, and by the wall clock. Each step runs once for each round; the longest turn of all counts. Then
 * every dyno is replaced, as by a deploy, and each step runs once more when the old boots are over. At last a partition
 * of Kafka is taken away.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type TurnFigures, TurnWatch } from './loop-turns/turn-watch.ts';
import { TurnsWorld } from './loop-turns/turns-world.ts';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '20x5000,1x20000,2000x50' },
    minutes: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
  },
});

for (const shape of values.shapes.split(',')) {
  const [apps = 0, dynosOfApp = 0] = shape.split('x').map(Number);
  const world = new TurnsWorld({ apps, dynosOfApp });
  world.report(Number(values.minutes));
  const longest = new Map<string, TurnFigures>();
  for (let round = 0; round <= Number(values.rounds); round++) {
    const isDeploy = round === Number(values.rounds);
    if (isDeploy) world.deploy();
    for (const [step, work] of world.steps()) {
      const name = isDeploy ? `${step}, after a deploy` : step;
      const figures = await new TurnWatch().during(work);
      const before = longest.get(name) ?? { cpuMs: 0, wallMs: 0, totalCpuMs: 0 };
      longest.set(name, {
        cpuMs: Math.max(before.cpuMs, figures.cpuMs),
        wallMs: Math.max(before.wallMs, figures.wallMs),
        totalCpuMs: Math.max(before.totalCpuMs, figures.totalCpuMs),
      });
    }
    world.report(1);
  }
  const { boots } = world;
  longest.set('a tenth of the apps is lost', await new TurnWatch().during(() => world.lose()));
  process.stdout.write(`${shape} dynos, ${boots} boots; load average ${loadavg()[0]?.toFixed(1)}\n`);
  for (const [name, { cpuMs, wallMs, totalCpuMs }] of longest) {
    const of = (ms: number) => ms.toFixed(0).padStart(5);
    process.stdout.write(
      `  ${name.padEnd(40)} ${of(cpuMs)} ms CPU, ${of(wallMs)} ms; in all ${of(totalCpuMs)} ms CPU\n`,
    );
  }
  await world.stop();
}
