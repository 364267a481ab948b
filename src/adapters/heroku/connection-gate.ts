import { Agent, type ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';

/** Stands between a connection that is ready and the first byte of the request. */
export interface ConnectionGate {
  /** Every socket that is opened, so that it can be destroyed while it still connects. */
  opened(socket: Destroyable): void;
  /**
   * Asked once the socket is connected (TLS included) and nothing of the request is written; an error keeps the request
   * back.
   */
  check(): Error | null;
}

export interface Destroyable {
  destroy(): unknown;
}

type SocketCallback = (error: Error | null, socket?: Duplex) => void;

/** The part of `tunnel-agent` that hands out sockets; heroku-client uses it where HEROKU_HTTP_PROXY_HOST is set. */
interface TunnellingAgent {
  request: (options: object) => ClientRequest;
  createSocket(options: { readonly request: ClientRequest }, callback: (socket: Duplex) => void): void;
}

/** Makes the agent hand out a socket only after it is connected and the gate has let it through. */
export function gateConnections(agent: Agent, gate: ConnectionGate): void {
  if (agent instanceof Agent) {
    gateDirect(agent, gate);
  } else {
    gateTunnel(agent as TunnellingAgent, gate);
  }
}

function gateDirect(agent: Agent, gate: ConnectionGate): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options);
    if (!socket) throw new Error('the HTTP agent opened no socket');
    // Node types the socket of the callback as always there; with an error it is not looked at.
    whenReady(socket, gate, callback as SocketCallback);
    return undefined;
  };
}

function gateTunnel(agent: TunnellingAgent, gate: ConnectionGate): void {
  const createSocket = agent.createSocket.bind(agent);
  agent.createSocket = (options, callback) => {
    createSocket(options, (socket) => {
      whenReady(socket, gate, (error, ready) => {
        if (ready) callback(ready);
        else options.request.emit('error', error);
      });
    });
  };
  const connectProxy = agent.request;
  agent.request = (options) => {
    const request = connectProxy(options);
    gate.opened(request);
    return request;
  };
}

function whenReady(socket: Duplex, gate: ConnectionGate, callback: SocketCallback): void {
  let done = false;
  const finish = (error: Error | null): void => {
    if (done) return;
    done = true;
    if (error === null) {
      callback(null, socket);
    } else {
      socket.destroy();
      callback(error);
    }
  };
  gate.opened(socket);
  // The listener stays: between here and the request's own one an error would otherwise end the process.
  socket.on('error', finish);
  socket.once('close', () => finish(new Error('the connection was closed before it was ready')));
  const event = readyEvent(socket);
  if (event === null) finish(gate.check());
  else socket.once(event, () => finish(gate.check()));
}

function readyEvent(socket: Duplex): 'connect' | 'secureConnect' | null {
  if ('encrypted' in socket) return 'secureConnect';
  return 'connecting' in socket && socket.connecting === true ? 'connect' : null;
}
