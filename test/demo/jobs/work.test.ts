import { describe, expect, it } from 'vitest';
import { bookEntries } from '../../../src/demo/jobs/book-entries.ts';
import { importRecords } from '../../../src/demo/jobs/import-records.ts';
import { renderAttachment } from '../../../src/demo/jobs/render-attachment.ts';

describe('the work of the jobs', () => {
  it('is really done: the result depends on the input alone', async () => {
    expect(await importRecords(2, 1)).toBe(await importRecords(2, 1));
    expect(await importRecords(2, 1)).not.toBe(await importRecords(2, 2));
    expect(await importRecords(2, 1)).not.toBe(await importRecords(3, 1));
    expect(bookEntries(1)).toBe(bookEntries(1));
    expect(bookEntries(1)).not.toBe(bookEntries(2));
    expect(await renderAttachment(1)).not.toBe(await renderAttachment(2));
  });
});
