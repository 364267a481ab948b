/** A dyno as the platform lists it, as far as its age tells of restarts. */
export interface AgedDyno {
  readonly processType: string;
  readonly createdAtMs: number;
  readonly releaseVersion: number | null;
}

/** A deploy starts the dynos of an app one after the other within this time. */
const DEPLOY_SPAN_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * When dynos of the type were started on their own within the last hour (Unix ms, newest first): what a ledger that lost everything can still
 * know of the restarts it had made. The oldest dyno of a release tells when that was deployed; those that came with it are one deploy and no
 * restart, one that is younger was restarted, by us or by the platform, or added. A dyno that is alone in its release tells nothing.
 */
export function restartsShownByAges(
  dynos: readonly AgedDyno[],
  { processType, nowMs }: { readonly processType: string; readonly nowMs: number },
): readonly number[] {
  const deployedAtMs = new Map<number | null, number>();
  for (const { releaseVersion, createdAtMs } of dynos) {
    deployedAtMs.set(releaseVersion, Math.min(createdAtMs, deployedAtMs.get(releaseVersion) ?? createdAtMs));
  }
  return dynos
    .filter((dyno) => dyno.processType === processType && dyno.createdAtMs > nowMs - HOUR_MS)
    .filter(({ createdAtMs, releaseVersion }) => {
      return createdAtMs > (deployedAtMs.get(releaseVersion) ?? createdAtMs) + DEPLOY_SPAN_MS;
    })
    .map(({ createdAtMs }) => Math.min(createdAtMs, nowMs))
    .sort((a, b) => b - a);
}
