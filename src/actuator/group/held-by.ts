import { targetKey } from '../../model/target.ts';
import type { ActuatorControl } from '../../web/control.ts';
import type { DynoView } from '../../web/views.ts';

type Dynos = Pick<ActuatorControl, 'dynosInParts' | 'dynosAfter' | 'dyno'>;

/** The same dynos, each with the name of who holds it. */
export function heldBy({ dynosInParts, dynosAfter, dyno }: Dynos, holders: ReadonlyMap<string, string>): Dynos {
  const held = (view: DynoView): DynoView => {
    const { app, processType } = view.decision;
    return { ...view, heldBy: app === null ? null : (holders.get(targetKey({ app, processType })) ?? null) };
  };
  return {
    *dynosInParts() {
      for (const part of dynosInParts()) yield part.map(held);
    },
    dynosAfter: (...asked) => {
      const page = dynosAfter(...asked);
      return { ...page, shown: page.shown.map(held) };
    },
    dyno: (app, name) => {
      const detail = dyno(app, name);
      return detail === null ? null : { ...detail, view: held(detail.view) };
    },
  };
}
