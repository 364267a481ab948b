import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const MIB = 2 ** 20;
/**
 * More than glibc ever takes from its heap (32 MiB, `DEFAULT_MMAP_THRESHOLD_MAX`): each page gets its own mapping,
 * which goes back to the kernel as soon as it is freed.
 */
const PAGE_MIB = 38;
const PAGE_PAUSE_MS = 120;

/**
 * Renders an attachment into memory, hashes it and drops it: a peak as high as bloat, which comes back.
 *
 * @returns the hash of the attachment
 */
export async function renderAttachment(pages: number): Promise<string> {
  const rendered: Buffer[] = [];
  for (let page = 0; page < pages; page++) {
    rendered.push(Buffer.allocUnsafeSlow(PAGE_MIB * MIB).fill(page + 1));
    await sleep(PAGE_PAUSE_MS);
  }
  const hash = createHash('sha256');
  for (const page of rendered) hash.update(page.subarray(0, MIB));
  return hash.digest('hex');
}
