/** The fields of a listed dyno that show when it was restarted. */
export interface AgedDyno {
  readonly processType: string;
  readonly createdAtMs: number;
  readonly releaseVersion: number | null;
}

/** A deploy starts the dynos of an app one after the other within this time. */
const DEPLOY_SPAN_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * When single dynos of the type were started within the last hour (Unix ms, newest first): the restarts that a ledger
 * can still find after it has lost everything. The oldest dyno of a release shows when it was deployed; dynos of about
 * that age belong to the deploy. A younger one was restarted, by Tidemark or the platform, or added. A dyno that is
 * alone in its release shows nothing.
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
