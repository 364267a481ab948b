import { resolveActuatorSettings } from '../config/resolve.ts';
import { examine } from '../doctor/doctor.ts';
import { type Finding, findingsOn } from '../doctor/finding.ts';
import { ConfigError } from '../model/errors.ts';
import { askActuator } from './remote/ask-actuator.ts';
import type { CommandArguments } from './terminal/command.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok      ', warning: 'warning ', fault: 'FAULT   ' };

const WHOSE_SETTINGS =
  "Settings, holds and cooldowns are judged by this command's own environment: run it with the settings of the actuator.\n\n";

/** `tidemark doctor`: exit code 0 without faults, 1 with one. Warnings are no faults. */
export async function runDoctor(args: CommandArguments): Promise<number> {
  const findings = await findingsOf(args);
  if (args.own.json === true) process.stdout.write(`${findings.map((one) => JSON.stringify(one)).join('\n')}\n`);
  else
    process.stdout.write(
      `${args.own.url === undefined ? '' : WHOSE_SETTINGS}${findings.map(line).join('\n')}\n\n${summary(findings)}\n`,
    );
  return findings.some(({ level }) => level === 'fault') ? 1 : 0;
}

/** With settings that cannot be resolved nothing else can be looked at. */
async function findingsOf(args: CommandArguments): Promise<readonly Finding[]> {
  try {
    const settings = resolveActuatorSettings({ env: args.env, flags: args.flags });
    const [findings, actuator] = await Promise.all([examine(settings, args.env), askActuator(args)]);
    return [...findings, ...actuator];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'all else is looked at once the settings are right';
    return error.faults.map((says) => findingsOn('settings').fault(says, advice));
  }
}

function line({ level, subject, says, advice }: Finding): string {
  const first = `${MARKS[level]}${subject}: ${says}`;
  return advice === null ? first : `${first}\n            -> ${advice}`;
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((one) => one.level === level).length;
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return `${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${counted(count('fault'), 'fault')}`;
}
