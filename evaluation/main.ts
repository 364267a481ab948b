import { parseArgs } from 'node:util';
import { evaluate } from './evaluate.ts';
import { recordingsText, writeRecordingsDocs } from './recordings/report.ts';
import { writeDocs, writePartsDocs, writeSensitivityDocs } from './report/docs.ts';
import { reportText } from './report/report.ts';
import { FAMILIES, familyOf, SPLITS } from './splits.ts';
import { ablationsText, sensitivityText } from './variants/main.ts';

const HELP = `npm run evaluate -- [options]: how often restarts are right, on simulated dynos

  --split NAME       dev (default), or a frozen one up to test-v9: parameters are chosen on dev, figures published on
                     the others
  --dynos N          of each family (default 20; with --ablations 6, with --sensitivity 1)
  --tune-dynos N     of each family, to choose the settings of the other rules on (default 4)
  --families A,B     only these (default all; with --sensitivity some)
  --own              without the other rules
  --recordings       only the recordings of real processes, not the simulated dynos
  --ablations        only Tidemark, with each of its parts turned off by itself, and the plain rule it has to beat
  --sensitivity      only Tidemark, with each of its constants a quarter lower and higher
  --json             all figures
  --docs             write the figures and curves into docs/accuracy.md and docs/detection/
`;

const DYNOS = 20;
const ABLATION_DYNOS = 6;
/** There are some 80 moves of constants: a dyno of some families, and all recordings, take a quarter of an hour. */
const SENSITIVITY_DYNOS = 1;
const SENSITIVITY_FAMILIES = ['H3', 'H4', 'B2', 'L3', 'L6', 'W1', 'W9', 'W11', 'BW1', 'LW1'];

const { values } = parseArgs({
  options: {
    split: { type: 'string', default: 'dev' },
    dynos: { type: 'string' },
    'tune-dynos': { type: 'string', default: '4' },
    families: { type: 'string' },
    own: { type: 'boolean', default: false },
    recordings: { type: 'boolean', default: false },
    ablations: { type: 'boolean', default: false },
    sensitivity: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name}: "${text}" is no whole number over 0`);
  return number;
}

if (values.help) {
  process.stdout.write(HELP);
} else if (values.recordings) {
  if (values.docs) writeRecordingsDocs();
  process.stdout.write(recordingsText({ others: !values.own }));
} else {
  const split = SPLITS.find((name) => name === values.split);
  if (split === undefined) throw new RangeError(`--split: "${values.split}" is none of ${SPLITS.join(', ')}`);
  const usualFamilies = values.sensitivity ? SENSITIVITY_FAMILIES : FAMILIES.map(({ id }) => id);
  const families = values.families?.split(',').map((id) => familyOf(id).id) ?? usualFamilies;
  const dynosOr = (usual: number) => (values.dynos === undefined ? usual : wholeNumber('dynos', values.dynos));
  const tuneDynos = wholeNumber('tune-dynos', values['tune-dynos']);
  if (values.ablations) {
    const text = await ablationsText({ split, families, dynos: dynosOr(ABLATION_DYNOS) }, tuneDynos);
    if (values.docs) writePartsDocs(text);
    process.stdout.write(text);
  } else if (values.sensitivity) {
    const text = await sensitivityText({ split, families, dynos: dynosOr(SENSITIVITY_DYNOS) });
    if (values.docs) writeSensitivityDocs(text);
    process.stdout.write(text);
  } else {
    const dynos = dynosOr(DYNOS);
    const scores = await evaluate({ split, families, dynos, tuneDynos, baselines: !values.own });
    if (values.docs) {
      writeDocs({ split, dynos, tuneDynos, scores });
      writeRecordingsDocs();
    }
    const recordings = () => recordingsText({ others: !values.own });
    process.stdout.write(
      values.json ? `${JSON.stringify(scores, null, 1)}\n` : `${reportText(scores)}\n${recordings()}`,
    );
  }
}
