/** Of the library's errors those that come from the network, a broker's answer, or a wrong call. */
const CODES_OF_OTHERS = /^PLT_KFK_(AUTHENTICATION|NETWORK|PROTOCOL|RESPONSE|TIMEOUT|USER|UNSUPPORTED_API)$/;

/** Whether an answer came, and could not be read: its records are damaged, too large, or of an unknown form. */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnreadable);
  const { code } = error as { readonly code?: unknown };
  return !(typeof code === 'string' && (CODES_OF_OTHERS.test(code) || /^E[A-Z]+$/.test(code)));
}

/** The innermost causes, each once: the outer messages only say that something was tried. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(messageOf))].slice(0, 3).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} ${messageOf(error.cause)}` : error.message;
}
