import { describe, expect, it } from 'vitest';
import { runCli } from '../integration/actuator/running-actuator.ts';

describe('the command line', () => {
  it.each([
    [['status', '--json=no'], '--json takes no value'],
    [['replay', 'series.csv', '--json=false'], '--json takes no value'],
    [['restart', 'shop', 'worker.1', '--no-wait=0'], '--no-wait takes no value'],
    [['restart', 'shop', ''], 'needs the app and the dyno'],
    [['restart', ' ', 'worker.1'], 'needs the app and the dyno'],
    [['actuator', '--targets', 'shop:worker', '--targets', 'mail:worker'], '--targets is given twice'],
    [['status', '--url', 'http://a.test', '--url=http://b.test'], '--url is given twice'],
    [['status', '-j'], '-j is not a flag of "tidemark status": flags begin with --; see "tidemark status --help"'],
    [['status', '--jsn'], '--jsn is not a flag of "tidemark status" (did you mean --json?); see'],
    [
      ['replay', '--quotas', '512MiB', 'a.csv'],
      '--quotas is not a flag of "tidemark replay" (did you mean --quota?); see',
    ],
    [['actuator', '-port', '80'], '-port is not a flag of "tidemark actuator": flags begin with --'],
    [['pause', '--by='], '--by needs a name'],
    [['resume', '--by', ' '], '--by needs a name'],
    [['replay', ''], 'the file "": cannot be read (ENOENT)'],
    [['setup', 'shop:run', '--plain'], 'run dynos are one-offs'],
    [['setup', 'shop:release', '--embedded'], 'release dynos are one-offs'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each([
    ['actuator'],
    ['demo'],
    ['replay', 'series.csv'],
    ['status'],
    ['top', '--json'],
    ['page'],
    ['setup', 'shop:worker'],
    ['restart', 'shop', 'worker.1'],
    ['pause'],
    ['resume'],
  ])('refuses a misspelt variable: %s', async (...args) => {
    const { code, stdout, stderr } = await runCli(args, { TIDEMARK_ADMIN_TOKE: 'x' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('TIDEMARK_ADMIN_TOKE is not a setting of Tidemark (did you mean TIDEMARK_ADMIN_TOKEN?)');
  });

  it.each([
    ['--nope', 'is not a flag of "tidemark doctor"; see "tidemark doctor --help"'],
    ['--windo=2s', '(did you mean --window?); see "tidemark doctor --help"'],
  ])('names the command that was typed: doctor %s', async (flag, words) => {
    const { code, stdout, stderr } = await runCli(['doctor', flag, '--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout).says).toContain(words);
  });

  it('says which words `tidemark help` does not know', async () => {
    const { code, stdout, stderr } = await runCli(['help', 'nope']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('"nope" is not a command.');
  });

  it('names an unknown flag of replay even where the file is missing too', async () => {
    const { stderr } = await runCli(['replay', '--nope']);
    expect(stderr).toContain('--nope is not a flag of "tidemark replay"');
    expect(stderr).toContain('needs at least one file');
  });

  const LONG = 'x'.repeat(100_000);
  it.each([
    [[LONG], 'see "tidemark --help"'],
    [['pause', LONG], 'Without a name all targets are meant'],
    [['status', '--url', LONG], 'is not a URL, for example'],
    [['actuator', `--${LONG}`], 'see "tidemark actuator --help"'],
    [['actuator', '--targets', LONG], 'is not app:type'],
    [['replay', LONG], 'cannot be read (ENAMETOOLONG)'],
  ])('repeats no value of 100,000 characters, and keeps the advice: %#', async (args, advice) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(advice);
    expect(stderr.length).toBeLessThan(2_000);
  });
});
