import { resolveActuatorSettings } from '../config/resolve.ts';
import { examine } from '../doctor/doctor.ts';
import { type Finding, findingsOn } from '../doctor/finding.ts';
import { ConfigError } from '../model/errors.ts';
import { columnsOf, wrap } from '../model/text/lines.ts';
import { printable } from '../model/text/printable.ts';
import { askActuator } from './remote/ask-actuator.ts';
import type { CommandArguments } from './terminal/command.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok      ', warning: 'warning ', fault: 'FAULT   ' };

/** Further lines of a finding stand below its words. */
const FINDING_INDENT = 10;
const ADVICE = '            -> ';
const WHOSE_SETTINGS =
  "Settings, holds and cooldowns are checked against this command's own environment: run it with the settings of " +
  'the actuator.';

/** `tidemark doctor`: exit code 0 without faults, 1 with one. Warnings are no faults. */
export async function runDoctor(args: CommandArguments): Promise<number> {
  const findings = (await findingsOf(args)).map(inPrint);
  if (args.own.json === true) process.stdout.write(`${findings.map((one) => JSON.stringify(one)).join('\n')}\n`);
  else
    process.stdout.write(
      describeFindings(findings, columnsOf(process.stdout), { isRemote: args.own.url !== undefined }),
    );
  return findings.some(({ level }) => level === 'fault') ? 1 : 0;
}

/** A finding may repeat what the platform, Redis or an actuator said. */
function inPrint(finding: Finding): Finding {
  const { says, advice } = finding;
  return { ...finding, says: printable(says), advice: advice === null ? null : printable(advice) };
}

/** With settings that cannot be resolved nothing else can be checked. */
async function findingsOf(args: CommandArguments): Promise<readonly Finding[]> {
  try {
    const settings = resolveActuatorSettings({ env: args.env, flags: args.flags }, 'doctor');
    const [findings, actuator] = await Promise.all([examine(settings, args.env), askActuator(args)]);
    return [...findings, ...actuator];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const advice = 'correct it; everything else is checked once the settings are right';
    return error.faults.map((says) => findingsOn('settings').fault(says, advice));
  }
}

/**
 * What a person reads, in lines of at most `columns`.
 *
 * @param isRemote whether an actuator elsewhere was asked too, whose settings this command does not see
 */
export function describeFindings(
  findings: readonly Finding[],
  columns: number,
  { isRemote }: { readonly isRemote: boolean },
): string {
  const lines = findings.flatMap(({ level, subject, says, advice }) => [
    wrap(`${MARKS[level]}${subject}: ${says}`, columns, FINDING_INDENT),
    ...(advice === null ? [] : [wrap(`${ADVICE}${advice}`, columns, 3)]),
  ]);
  const head = isRemote ? [wrap(WHOSE_SETTINGS, columns, 0), ''] : [];
  return `${[...head, ...lines, '', summary(findings)].join('\n')}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((one) => one.level === level).length;
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return `${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${counted(count('fault'), 'fault')}`;
}
