import { z } from 'zod';
import { assessment, dynoIdentity, outcome, timeMs } from './fields.ts';

export const Decision = z
  .object({
    time: z.string().describe('RFC 3339.'),
    time_ms: timeMs('The same time.'),
    ...dynoIdentity,
    ...assessment,
    dry_run: z.boolean().describe('Whether the target stays dry.'),
    outcome,
  })
  .describe('A decision about one boot, also one that nothing is to be done.');

export type Decision = z.infer<typeof Decision>;
