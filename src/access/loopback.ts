/** 127.0.0.0/8, `::1`, and an IPv4 loopback address as an IPv6 socket shows it. */
const LOOPBACK = /^((::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/i;
const LOOPBACK_HOST = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])(:\d{1,5})?$/i;
/**
 * Headers by which proxies say whom they speak for, or that they are there: the standard ones, `X-Real-IP` and its many
 * kin, and those of the large providers.
 */
const OF_ANY_PROXY = /forwarded|(^|-)via$|-ip$|^(proxy-connection|max-forwards|x-request-start)$/;
const OF_A_PROVIDER = /^(cf|fly|x-envoy|x-amzn?|x-azure|x-appengine|x-vercel|x-original|x-proxy)-/;

/** Whether a `Host` is a loopback address or `localhost`, with or without a port. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOST.test(host);
}

/**
 * Whether a request comes from a program on this machine. A forwarded request never does: a router on this machine also
 * forwards requests from outside. Nor does one whose `Host` is another name: a page in a browser here can reach
 * 127.0.0.1 by a name of its own that resolves to it.
 *
 * @param remoteAddress the other end of the request's socket; undefined if unknown
 */
export function isLoopbackRequest(headers: Headers, remoteAddress: string | undefined): boolean {
  for (const name of headers.keys()) {
    if (OF_ANY_PROXY.test(name) || OF_A_PROVIDER.test(name)) return false;
  }
  const host = headers.get('host');
  if (host !== null && !isLoopbackHost(host)) return false;
  return remoteAddress !== undefined && LOOPBACK.test(remoteAddress);
}
