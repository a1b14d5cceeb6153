import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { EventsOptions, FailoverClient, FailoverOptions } from 'bellwether'

export interface Middleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /**
   * For the server's event `upgrade`: events over a WebSocket, if the package `ws` is installed.
   * Resolves to false, having done nothing, for what is not a request for events of this mount.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<boolean>
}

/**
 * The client as middleware for Node's own server, Express and Connect; what it does not serve goes on to `next`.
 * @throws {ConfigError} naming every problem at once
 */
export function failover(client: FailoverClient, options?: FailoverOptions<IncomingMessage>): Middleware

/**
 * Events over WebSockets for a server whose requests another framework serves. Needs the package `ws`.
 * Returns what takes it away again.
 * @throws {ConfigError} naming every problem at once
 */
export function attachEvents(server: Server, client: FailoverClient, options: EventsOptions<IncomingMessage>): () => void
