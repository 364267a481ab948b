import { connect } from 'node:net';

const TIMEOUT_MS = 2_000;
/** Characters. A Redis that has one connection too many, or is in protected mode, says so in fewer. */
const MAX_LENGTH = 300;
const DEFAULT_PORT = 6379;

/**
 * Why Redis refuses a connection, in its own words, without the `-` of an error. Redis says it unasked and closes: a
 * client that has written by then mostly sees the reset instead, so this one only listens. Null where it said nothing.
 * Not for TLS, where Redis cannot say it. Never rejects.
 */
export function greetingOf({ hostname, port }: Pick<URL, 'hostname' | 'port'>): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port) || DEFAULT_PORT });
    const timer = setTimeout(() => socket.destroy(), TIMEOUT_MS);
    socket
      .on('data', (data) => {
        text += data.toString('latin1');
        if (text.length > MAX_LENGTH || text.includes('\n')) socket.destroy();
      })
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer);
        resolve(/^-([^\r\n]+)/.exec(text.slice(0, MAX_LENGTH))?.[1] ?? null);
      });
    socket.unref();
  });
}
