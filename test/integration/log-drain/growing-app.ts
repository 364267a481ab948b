const MIB = 2 ** 20;

/** The size of the dynos. */
export const TINY = { name: 'tiny', memory: 0.25 };
export const TINY_MB = 256;

/**
 * A program in any language, as far as Tidemark can see: it holds what it is told to, in MB at each second, and nothing
 * in between.
 */
export function growing(mbAt: readonly number[]): readonly string[] {
  const script = `
    const kept = [];
    const plan = ${JSON.stringify(mbAt)};
    const startMs = Date.now();
    const grow = () => {
      const mb = plan[Math.min(plan.length - 1, Math.floor((Date.now() - startMs) / 1000))];
      while (process.memoryUsage.rss() < mb * ${MIB}) kept.push(Buffer.alloc(${MIB} / 2, 1));
    };
    setInterval(grow, 50);
    process.on('SIGTERM', () => process.exit(0));`;
  return [process.execPath, '-e', script];
}
