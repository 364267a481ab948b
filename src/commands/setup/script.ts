import type { NewValue, Step } from './plan.ts';

/** The steps as lines for a shell. Every line can be run as it is, and comments say what each block is for. */
export function scriptOf(steps: readonly Step[]): string {
  return steps
    .map(({ app, why, labs, config }) =>
      [
        `# ${why}`,
        ...labs.map((feature) => `heroku labs:enable ${feature} -a ${app}`),
        [
          `heroku config:set -a ${app}`,
          ...Object.entries(config).map(([name, value]) => `  ${name}=${shellWord(value)}`),
        ].join(' \\\n'),
      ].join('\n'),
    )
    .join('\n\n');
}

/** For programs. A value that the shell makes is given as the shell's text. */
export function jsonOf(steps: readonly Step[]): object {
  const inJson = (value: NewValue) => ('text' in value ? { value: value.text } : { shell: value.shell });
  return {
    steps: steps.map(({ app, why, labs, config }) => ({
      app,
      why,
      labs,
      config: Object.fromEntries(Object.entries(config).map(([name, value]) => [name, inJson(value)])),
    })),
  };
}

/** One word of a POSIX shell. */
function shellWord(value: NewValue): string {
  // In double quotes the shell splits nothing that a command prints.
  if ('shell' in value) return `"${value.shell}"`;
  return /^[\w@%+=:,./-]+$/.test(value.text) ? value.text : `'${value.text.replaceAll("'", `'\\''`)}'`;
}
