/** 127.0.0.0/8, `::1`, and an IPv4 loopback address as an IPv6 socket shows it. */
const LOOPBACK = /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;

/**
 * Whether a request comes from this machine. A forwarded request never does: a router on this machine also forwards
 * requests from outside.
 *
 * @param remoteAddress the other end of the request's socket; undefined if unknown
 */
export function isLoopbackRequest(headers: Headers, remoteAddress: string | undefined): boolean {
  for (const name of headers.keys()) {
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) return false;
  }
  return remoteAddress !== undefined && LOOPBACK.test(remoteAddress);
}
