import { tunedOf } from '../evaluate.ts';
import type { DynoSelection } from '../pool/parts.ts';
import { SUSTAINED } from '../restarters/sustained.ts';
import { type Outcome, outcomesOf } from './outcome.ts';
import { movers, rowOf, variantTable } from './report.ts';
import { MOVED, type Variant, WHOLE, WITHOUT_INPUT, WITHOUT_PART } from './variants.ts';

/**
 * What each part of the detector, and each thing it is given, buys; and the plain rule, tuned on `tuneDynos` of each
 * family of the dev split.
 */
export async function ablationsText(selection: DynoSelection, tuneDynos: number): Promise<string> {
  const [plain] = await tunedOf([SUSTAINED], { families: selection.families, tuneDynos });
  const rule: readonly Variant[] =
    plain === undefined ? [] : [{ name: `the rule \`${plain.name}\``, candidate: plain }];
  const variants = [WHOLE, ...WITHOUT_INPUT, ...WITHOUT_PART, ...rule];
  return `${headline(selection)}\n\n${variantTable(await run(variants, selection))}`;
}

/** The constants that, moved by a quarter, change a figure by more than chance. */
export async function sensitivityText(selection: DynoSelection): Promise<string> {
  const outcomes = await run([WHOLE, ...MOVED], selection);
  const moving = movers(outcomes);
  const still = outcomes.length - 1 - moving.length;
  const rest = `The other ${still} of ${outcomes.length - 1} moves change no figure by more than chance.`;
  return `${headline(selection)}\n\n${variantTable([...outcomes.slice(0, 1), ...moving])}\n${rest}\n`;
}

function headline({ split, families, dynos }: DynoSelection): string {
  return (
    `Split ${split}, ${dynos} dynos of each of ${families.length} families, the same for each row. ` +
    '"Better" and "worse": the errors on the same dynos differ by more than two standard errors.'
  );
}

/** A long run shows each row on stderr as soon as it is there. */
async function run(variants: readonly Variant[], selection: DynoSelection): Promise<readonly Outcome[]> {
  let whole: Outcome | null = null;
  return await outcomesOf(variants, selection, (outcome) => {
    whole ??= outcome;
    process.stderr.write(`${rowOf(whole, outcome).join(' | ')}\n`);
  });
}
