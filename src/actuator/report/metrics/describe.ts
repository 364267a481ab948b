import { type Attributes, type MetricOptions, ValueType } from '@opentelemetry/api';
import type { Decision } from '../../../model/decision.ts';
import type { Target } from '../../../model/target.ts';
import {
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  type MetricDefinition,
} from '../../../semconv.ts';

/** Options of a metric that counts in whole numbers. */
export function described({ unit, description }: MetricDefinition): MetricOptions {
  return { unit, description, valueType: ValueType.INT };
}

/** Attributes that name the dyno that a point is about. */
export function aboutDyno({ app, processType, dyno }: Pick<Decision, 'app' | 'processType' | 'dyno'>): Attributes {
  return {
    ...(app === null ? {} : { [ATTR_HEROKU_APP_NAME]: app }),
    [ATTR_HEROKU_PROCESS_TYPE]: processType,
    [ATTR_HEROKU_DYNO_NAME]: dyno,
  };
}

/** Attributes that name the target that a point is about. */
export function aboutTarget({ app, processType }: Target): Attributes {
  return { [ATTR_HEROKU_APP_NAME]: app, [ATTR_HEROKU_PROCESS_TYPE]: processType };
}
