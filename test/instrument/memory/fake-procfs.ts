import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeProcess {
  readonly parent: number;
  readonly startTicks?: number;
  /** As in `stat`: `Z` is a process that has ended and is still listed. */
  readonly state?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** A folder that looks like a procfs to the code under test. */
export class FakeProcfs {
  readonly root = mkdtempSync(join(tmpdir(), 'tidemark-proc-'));

  /** `btime` in Unix seconds. */
  kernel(btime: number, bootId = 'boot-1'): void {
    writeFileSync(join(this.root, 'stat'), `cpu  1 2 3\nbtime ${btime}\nprocesses 9\n`);
    mkdirSync(join(this.root, 'sys/kernel/random'), { recursive: true });
    writeFileSync(join(this.root, 'sys/kernel/random/boot_id'), `${bootId}\n`);
  }

  add(pid: number, { parent, startTicks = 0, state = 'S', environment = {}, files = {} }: FakeProcess): void {
    const folder = join(this.root, String(pid));
    mkdirSync(folder, { recursive: true });
    const zeros = Array.from({ length: 17 }, () => '0').join(' ');
    writeFileSync(join(folder, 'stat'), `${pid} (a ) name) ${state} ${parent} ${zeros} ${startTicks} 0 0\n`);
    const entries = Object.entries(environment).map(([name, value]) => `${name}=${value}\0`);
    writeFileSync(join(folder, 'environ'), entries.join(''));
    this.files(String(pid), files);
  }

  /** @param folder a pid, or `self` */
  files(folder: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(this.root, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.root, folder, name), text);
  }

  /** The process is no longer listed. */
  end(pid: number): void {
    rmSync(join(this.root, String(pid)), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
