export interface TurnFigures {
  /** The longest turn, by CPU time of the thread. */
  readonly cpuMs: number;
  /** The longest turn, by the wall clock. */
  readonly wallMs: number;
  /** Of all turns. */
  readonly totalCpuMs: number;
}

/** Measures the turns of the event loop while some work runs. */
export class TurnWatch {
  async during(work: () => Promise<unknown>): Promise<TurnFigures> {
    let [cpuMs, wallMs] = [0, 0];
    const startCpuMs = threadCpuMs();
    let [lastCpuMs, lastWallMs] = [startCpuMs, performance.now()];
    let isOver = false;
    const look = () => {
      const [nowCpuMs, nowWallMs] = [threadCpuMs(), performance.now()];
      cpuMs = Math.max(cpuMs, nowCpuMs - lastCpuMs);
      wallMs = Math.max(wallMs, nowWallMs - lastWallMs);
      [lastCpuMs, lastWallMs] = [nowCpuMs, nowWallMs];
      if (!isOver) setImmediate(look);
    };
    setImmediate(look);
    await work();
    isOver = true;
    look();
    return { cpuMs, wallMs, totalCpuMs: lastCpuMs - startCpuMs };
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
