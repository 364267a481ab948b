import type { RedisState } from '../../adapters/redis/state.ts';
import { LedgerUnavailable, UnreadableRecord } from '../../model/errors.ts';
import { parseTarget } from '../../model/target.ts';
import type { HistoryEntry } from '../../ports.ts';
import { inBatches } from '../in-batches.ts';
import type { Standings } from '../report/standings.ts';

/** Records that are asked for before the first answer is waited for. */
const AT_ONCE = 100;

/** The closed attempts of the targets of all actuators on this Redis: of its own alone where Redis is away. */
export async function historyOfAll(
  standings: Pick<Standings, 'history'>,
  state: Pick<RedisState, 'actuators' | 'ledger'> | null,
): Promise<readonly HistoryEntry[]> {
  const found = new Map(standings.history().map((entry) => [entry.attemptId, entry]));
  try {
    const keys = new Set((await state?.actuators.all())?.flatMap(({ targets }) => targets));
    await inBatches([...keys], AT_ONCE, async (key) => {
      for (const entry of await historyOf(key, state)) found.set(entry.attemptId, entry);
    });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
  }
  return [...found.values()];
}

/** Nothing of a damaged record: the log has it from the actuator whose target it is. */
async function historyOf(key: string, state: Pick<RedisState, 'ledger'> | null): Promise<readonly HistoryEntry[]> {
  const target = parseTarget(key);
  if (target === null || state === null) return [];
  try {
    const { history, dryHistory } = await state.ledger.read(target);
    return [...history, ...dryHistory];
  } catch (error) {
    if (error instanceof UnreadableRecord) return [];
    throw error;
  }
}
