import type { ActuatorAddress } from '../../web/client.ts';
import type { Dyno } from '../../web/schema/dyno.ts';
import { ROUTES } from '../../web/schema/routes.ts';
import { ask } from './client.ts';

const PAGE_DYNOS = 1000;
/** A bound on what an answer makes us keep, far over what an actuator watches. */
const MAX_PAGES = 50;

/** Every dyno that reports, page by page. Throws as `ask` does. */
export async function allDynos(address: ActuatorAddress): Promise<readonly Dyno[]> {
  const all: Dyno[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null && page < MAX_PAGES; page += 1) {
    const query = { limit: PAGE_DYNOS, ...(cursor === '' ? {} : { cursor }) };
    const answer: { readonly dynos: readonly Dyno[]; readonly next_cursor: string | null } = await ask(
      address,
      ROUTES.dynos,
      { query },
    );
    all.push(...answer.dynos);
    cursor = answer.next_cursor;
  }
  return all;
}
