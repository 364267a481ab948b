/**
 * Whether a request comes from this machine and from a program, not a page. A forwarded request is never loopback: a
 * router on this machine passes on what comes from anywhere. Browsers, which a foreign page may make send to this
 * machine, put an `Origin` on every POST; exporters put none.
 */
export function isFromThisMachine(headers: Headers, remoteAddress: string | undefined): boolean {
  for (const name of headers.keys()) {
    if (name === 'forwarded' || name === 'origin' || name.startsWith('x-forwarded-')) return false;
  }
  return remoteAddress !== undefined && LOOPBACK.test(remoteAddress);
}

/** 127.0.0.0/8, `::1`, and the former as an IPv6 socket shows it. */
const LOOPBACK = /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;
