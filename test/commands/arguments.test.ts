import { describe, expect, it } from 'vitest';
import { runCli } from '../integration/actuator/running-actuator.ts';

describe('the command line', () => {
  it.each([
    [['status', '--json=no'], '--json takes no value'],
    [['replay', 'series.csv', '--json=false'], '--json takes no value'],
    [['restart', 'shop', 'worker.1', '--no-wait=0'], '--no-wait takes no value'],
    [['restart', 'shop', ''], 'needs the app and the dyno'],
    [['restart', ' ', 'worker.1'], 'needs the app and the dyno'],
    [['setup', 'shop:run', '--plain'], 'run dynos are one-offs'],
    [['setup', 'shop:release', '--embedded'], 'release dynos are one-offs'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
