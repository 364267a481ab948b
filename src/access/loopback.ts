/** 127.0.0.0/8, `::1`, and the former as an IPv6 socket shows it. */
const LOOPBACK = /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;

/**
 * Whether a request comes from this machine. A forwarded request never does: a router on this machine passes on what
 * comes from anywhere.
 *
 * @param remoteAddress the other end of the request's socket; undefined where it is unknown
 */
export function isLoopbackRequest(headers: Headers, remoteAddress: string | undefined): boolean {
  for (const name of headers.keys()) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) return false;
  }
  return remoteAddress !== undefined && LOOPBACK.test(remoteAddress);
}
