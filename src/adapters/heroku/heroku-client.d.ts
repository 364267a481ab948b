/** What Tidemark uses of heroku-client 3.1.4, which carries no types of its own. */
declare module 'heroku-client/lib/request.js' {
  import type { Agent, ClientRequest, IncomingMessage } from 'node:http';

  namespace HerokuRequest {
    interface Options {
      /** Origin, e.g. `https://api.heroku.com`; a path in it is ignored. */
      readonly host: string;
      readonly method: 'GET' | 'DELETE';
      readonly path: string;
      readonly token: string;
      readonly userAgent?: string;
      /** True: a `Next-Range` in the answer is not followed. */
      readonly partial?: boolean;
      /** Mutable on purpose: the library deletes `Range` from it when it reads on. */
      readonly headers: Record<string, string>;
      /** Called when the head of an answer is there; the body is read once `next` is called. */
      readonly middleware?: (response: IncomingMessage, next: () => void) => void;
    }
  }

  class HerokuRequest {
    constructor(options: HerokuRequest.Options);
    /** A fresh one per request; a tunnelling agent where HEROKU_HTTP_PROXY_HOST is set. */
    agent: Agent;
    /** Rejects the promise that `request()` returned. */
    reject: (error: unknown) => void;
    /** Sends, and returns the promise of the whole call; the library calls it again to repeat or to read on. */
    request(): Promise<unknown>;
    isRetryAllowed(error: unknown): boolean;
    /** What the text of an answer says; throws where it is no JSON. */
    parseBody(text: string): unknown;
    /** Called with each request just before it is ended. */
    setRequestTimeout(request: ClientRequest): void;
  }

  export default HerokuRequest;
}
