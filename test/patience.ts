/** How long a test waits for what must come: far longer than it takes, also on a busy machine. */
export const PATIENCE = { timeout: 20_000 };
