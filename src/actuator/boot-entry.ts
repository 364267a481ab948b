import type { Boot } from '../detector/boot/boot.ts';
import type { DynoFacts } from '../detector/rules/assessment.ts';
import type { Decision } from '../model/decision.ts';
import type { Listing } from '../model/listing.ts';
import type { PlatformDyno } from '../ports.ts';
import type { UsageSeries } from './chronicle/usage-series.ts';

/** A boot that reports, with what the actuator knows of it. */
export interface BootEntry {
  readonly key: string;
  readonly boot: Boot;
  readonly series: UsageSeries;
  /** How many buckets were closed when the boot was last saved, or another actuator was found to save it. */
  savedBuckets: number;
  /** From where its partition of Kafka must be read to know what is not in its snapshot, or null if there is none. */
  savedOffset: bigint | null;
  /** The newest decision about the boot; null before its first tick. */
  decision: Decision | null;
  /** When the loop first saw it (monotonic ms); null before. */
  seenMs: number | null;
  /** Whether the platform had to be read because of this boot, which has not been found up since. */
  isSought: boolean;
  /** Which listed dyno it is; null before its first tick, and where no platform is configured. */
  listing: Listing<PlatformDyno> | null;
  /** The platform's last facts about its dyno; kept when the listing already shows the successor. */
  facts: DynoFacts | null;
  /** From the ledger of its target, when that was last read. */
  learnedFloorBytes: number | null;
  uselessRestarts: number;
}
