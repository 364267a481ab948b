/** How long a test waits for what must come: far longer than it takes on a busy machine, as a test never measures time. */
export const PATIENCE = { timeout: 20_000 };
