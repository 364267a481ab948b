import { expect, it } from 'vitest';
import { readPage, trackedFiles } from '../docs/pages.ts';

const MAX_COLUMNS = 120;
const CODE = /\.(ts|mjs|cjs|js|lua|css|sh)$/;
it('no line of code is longer than 120 columns, unless an address makes it so', () => {
  const files = trackedFiles().filter((file) => CODE.test(file));
  const isTooLong = (line: string) => line.length > MAX_COLUMNS && !/https?:\/\/\S+\W*$/.test(line);
  const found = files.flatMap((file) =>
    readPage(file)
      .split('\n')
      .flatMap((line, index) => (isTooLong(line) ? [`${file}:${index + 1}`] : [])),
  );
  expect(found).toEqual([]);
});
