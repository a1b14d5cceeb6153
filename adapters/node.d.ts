import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { EventsOptions, FailoverClient, FailoverOptions } from 'bellwether'

export interface Middleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /**
   * Handles the server's `upgrade` event: events over a WebSocket, if the package `ws` is installed. Resolves to
   * false, without an effect, for requests that are not for this mount's events.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<boolean>
}

/**
 * Creates middleware for Node's HTTP server, Express and Connect. Requests that it does not serve go to `next`.
 * @throws {ConfigError} with every invalid option
 */
export function failover(client: FailoverClient, options?: FailoverOptions<IncomingMessage>): Middleware

/**
 * Serves events over WebSockets on a server with another request handler. Needs the package `ws`. Returns a function
 * that detaches it.
 * @throws {ConfigError} with every invalid option
 */
export function attachEvents(server: Server, client: FailoverClient, options: EventsOptions<IncomingMessage>): () => void
