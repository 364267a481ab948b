import { targetKey } from '../../model/target.ts';
import type { ActuatorControl } from '../../web/control.ts';
import type { DynoView } from '../../web/views.ts';

type Dynos = Pick<ActuatorControl, 'dynos' | 'dynosAfter' | 'dyno'>;

/** The same dynos, each with the name of who holds it. */
export function heldBy({ dynos, dynosAfter, dyno }: Dynos, holders: ReadonlyMap<string, string>): Dynos {
  const held = (view: DynoView): DynoView => {
    const { app, processType } = view.decision;
    return { ...view, heldBy: app === null ? null : (holders.get(targetKey({ app, processType })) ?? null) };
  };
  return {
    dynos: () => dynos().map(held),
    dynosAfter: (place, count) => {
      const page = dynosAfter(place, count);
      return { ...page, shown: page.shown.map(held) };
    },
    dyno: (app, name) => {
      const detail = dyno(app, name);
      return detail === null ? null : { ...detail, view: held(detail.view) };
    },
  };
}
