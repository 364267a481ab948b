import { z } from 'zod';

/** What every refusal carries. */
export const ApiError = z
  .object({
    error: z.object({
      code: z.string().describe('Stable: scripts may rely on it.'),
      message: z.string().describe('A sentence for a person.'),
    }),
  })
  .describe('Why the request was refused.');

export function errorBody(code: string, message: string): z.infer<typeof ApiError> {
  return { error: { code, message } };
}
