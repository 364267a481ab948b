import { tuningTable } from '../../scripts/detection-tables.ts';
import { tunedOf } from '../evaluate.ts';
import type { DynoSelection } from '../pool/parts.ts';
import { SUSTAINED } from '../restarters/sustained.ts';
import { type Outcome, outcomesOf } from './outcome.ts';
import { movesTable, rowOf, variantTable } from './report.ts';
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

/**
 * What it changes to move a constant by a quarter. What a word means (origin "definition") was not chosen by figures,
 * and is not moved.
 */
export async function sensitivityText(selection: DynoSelection): Promise<string> {
  const definitions = tuningTable().rows.filter((row) => row.at(-1) === 'definition');
  const isDefinition = ({ name }: Variant) => definitions.some(([constant = '']) => name.startsWith(constant));
  const moves = MOVED.filter((variant) => !isDefinition(variant));
  return `${headline(selection)}\n\n${movesTable(await run([WHOLE, ...moves], selection))}`;
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
