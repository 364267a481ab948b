/** OpenTelemetry's standard variables, as the workers and the actuator's own metrics read them. */

export type Environment = Readonly<Record<string, string | undefined>>;

export function isSdkDisabled(env: Environment): boolean {
  return env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

/** The variable that gives the endpoint; null if none does. */
export function endpointVariable(env: Environment): string | null {
  const names = ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  return names.find((name) => Boolean(env[name]?.trim())) ?? null;
}

const HEADERS = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS'];

/** Each header that the environment gives, as written there: `[variable, "name=value"]`. */
export function headerEntries(env: Environment): readonly (readonly [variable: string, entry: string])[] {
  return HEADERS.flatMap((name) => (env[name] ?? '').split(',').map((entry) => [name, entry.trim()] as const)).filter(
    ([, entry]) => entry !== '',
  );
}

/**
 * The secrets in these headers, which must not be printed: their values as written, as sent, and the last word of what
 * is sent (the token after `Bearer`).
 */
export function headerSecrets(env: Environment): readonly string[] {
  return headerEntries(env).flatMap(([, entry]) => {
    const written = entry.slice(entry.indexOf('=') + 1).trim();
    const sent = decodedOrNull(written) ?? written;
    return [written, sent, sent.split(/\s+/).at(-1) ?? ''];
  });
}

/** Null if a `%` does not stand before two hex digits. */
export function decodedOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** ms, 24 days. Node fires a timer that is set to more after 1 ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A number of milliseconds above zero, at most `MAX_TIMER_MS`: more counts as that. Null for any other text. */
export function parseMilliseconds(text: string | undefined): number | null {
  const ms = Number(text?.trim() || Number.NaN);
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MAX_TIMER_MS) : null;
}
