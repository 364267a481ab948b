import type { LookupAddress } from 'node:dns';

const FILE = '/etc/hosts';
/** A longer file is read up to here. */
const MAX_BYTES = 1024 * 1024;

/** What `/etc/hosts` says; empty if it cannot be read. Not the system's resolver, which may wait for a name server. */
export async function readHostsFile(): Promise<string> {
  const { open } = process.getBuiltinModule('node:fs/promises');
  const file = await open(FILE).catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close().catch(() => {});
  }
}

/** The addresses of a host, in the order of the file. A dot at the end of its name does not count. */
export function addressesIn(hostsFile: string, host: string): readonly LookupAddress[] {
  const { isIP } = process.getBuiltinModule('node:net');
  const name = comparable(host);
  return hostsFile.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.some((one) => comparable(one) === name) ? [{ address, family }] : [];
  });
}

function comparable(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}
