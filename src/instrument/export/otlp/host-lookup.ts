import type dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import { addressesIn, readHostsFile } from './hosts-file.ts';

/** What is used of `node:dns`. */
export interface Dns {
  readonly lookup: LookupFunction;
  readonly Resolver: new (options: dns.ResolverOptions) => Pick<dns.Resolver, 'resolve4' | 'cancel'>;
}

export interface HostLookupOptions {
  readonly dns?: Dns;
  /** How long the event loop has waited for work so far, in ms. */
  readonly waitedMs?: () => number;
  /** What `/etc/hosts` says. Never rejects. */
  readonly hostsFile?: () => Promise<string>;
}

/** How the name server is asked: about 3 s in all. */
const QUESTION: dns.ResolverOptions = { timeout: 1000, tries: 2 };
/** If the event loop has waited for less meanwhile, jobs blocked it, and an answer may be there unread. */
const MIN_WAITED_MS = 1000;
/** What c-ares reports if no name server has answered. */
const SILENT = 'ETIMEOUT';
const CANCELLED = 'ECANCELLED';

const LOCALHOST = /^localhost\.?$/i;

/** `unread`: none was read, and jobs blocked the event loop. */
type Answer = 'answered' | 'silent' | 'unread' | 'cancelled';

/**
 * Looks up hosts like `dns.lookup`, but never waits for a silent name server. The system's resolver waits 10 to 30 s
 * for one, cannot be cancelled, and keeps the process alive, even after `process.exit()`. So the name server is first
 * asked by c-ares, which can be cancelled. That answer is not used, because only the system's resolver knows
 * `/etc/hosts`, search domains and other sources. If the name server is silent, `/etc/hosts` is read here. If the
 * system's resolver knows hosts without the name server, the name server is not asked again. It is never asked for
 * `localhost`, the default, whose measurements a short process would otherwise lose.
 */
export class HostLookup {
  readonly #dns: Dns;
  readonly #waitedMs: () => number;
  readonly #hostsFile: () => Promise<string>;
  readonly #questions = new Set<Pick<dns.Resolver, 'cancel'>>();
  /** Whether the system's resolver depends on the name server; null until one of them has answered. */
  #needsNameServer: boolean | null = null;
  #hasTriedWithout = false;
  /** Found in `/etc/hosts` while the name server was silent: there they are looked for first. */
  readonly #inHostsFile = new Set<string>();
  #underWay = 0;

  constructor(options: HostLookupOptions = {}) {
    // Not imported: an import of a module of Node reads all of its exports.
    this.#dns = options.dns ?? process.getBuiltinModule('node:dns');
    this.#waitedMs = options.waitedMs ?? (() => performance.nodeTiming.idleTime);
    this.#hostsFile = options.hostsFile ?? readHostsFile;
  }

  /** For the sockets of an HTTP agent. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#underWay += 1;
    const found: typeof callback = (...result) => {
      this.#underWay -= 1;
      callback(...result);
    };
    // No file of hosts has the dot, which the system's resolver would look for.
    if (LOCALHOST.test(host)) this.#dns.lookup('localhost', options, found);
    else if (this.#needsNameServer === false) this.#dns.lookup(host, options, found);
    else if (this.#inHostsFile.has(host))
      this.#readHosts(host, options, found, () => this.#begin(host, options, found));
    else this.#begin(host, options, found);
  };

  /** Whether a host is being looked up. */
  get isWaiting(): boolean {
    return this.#underWay > 0;
  }

  /** Ends the questions under way, which keep the process alive. Their lookups fail. */
  cancel(): void {
    for (const question of this.#questions) question.cancel();
  }

  #begin(...[host, options, found]: Parameters<LookupFunction>): void {
    this.#ask(host, (answer) => this.#goOn(answer, host, options, found));
  }

  #ask(host: string, then: (answer: Answer) => void): void {
    const question = new this.#dns.Resolver(QUESTION);
    const waitedMs = this.#waitedMs();
    this.#questions.add(question);
    question.resolve4(host, (error) => {
      this.#questions.delete(question);
      if (error?.code === CANCELLED) then('cancelled');
      else if (error?.code !== SILENT) then('answered');
      else then(this.#waitedMs() - waitedMs < MIN_WAITED_MS ? 'unread' : 'silent');
    });
  }

  #goOn(answer: Answer, ...[host, options, found]: Parameters<LookupFunction>): void {
    if (answer === 'answered') this.#needsNameServer ??= true;
    if (answer === 'answered' || answer === 'unread') this.#dns.lookup(host, options, found);
    else if (answer === 'cancelled') found(silence(host), []);
    else this.#readHosts(host, options, found, () => this.#tryWithout(host, options, found));
  }

  /** Calls `otherwise` if the file does not name the host. */
  #readHosts(...[host, options, found, otherwise]: [...Parameters<LookupFunction>, () => void]): void {
    void this.#hostsFile().then((file) => {
      const wanted = familyOf(options);
      const addresses = addressesIn(file, host).filter(({ family }) => wanted === 0 || family === wanted);
      const [first] = addresses;
      if (first === undefined) {
        this.#inHostsFile.delete(host);
        otherwise();
        return;
      }
      this.#inHostsFile.add(host);
      if (options.all) found(null, [...addresses]);
      else found(null, first.address, first.family);
    });
  }

  /** Once in a process, and not if the system's resolver is known to depend on the name server. */
  #tryWithout(...[host, options, found]: Parameters<LookupFunction>): void {
    if (this.#needsNameServer !== null || this.#hasTriedWithout) {
      found(silence(host), []);
      return;
    }
    this.#hasTriedWithout = true;
    this.#dns.lookup(host, options, (error, ...addresses) => {
      if (error === null) this.#needsNameServer = false;
      found(error, ...addresses);
    });
  }
}

/** 4 or 6; 0: either. */
function familyOf({ family }: dns.LookupOptions): number {
  return typeof family === 'string' ? Number(family.slice('IPv'.length)) : (family ?? 0);
}

/** The error of a lookup for which no name server has answered. */
export function silence(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no name server has answered for ${host}`), { code: SILENT, syscall: 'getaddrinfo' });
}
