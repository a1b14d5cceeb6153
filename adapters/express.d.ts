import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FailoverClient } from 'bellwether'

export interface FailoverOptions {
  /**
   * Serves the client as a vendor of its own: `POST /v1/chat/completions`, `POST /v1/messages`,
   * `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, `GET /v1/models[/{id}]`. A path mounts
   * them elsewhere. Default `false`.
   */
  proxy?: boolean | string
  /**
   * Who may use it: whoever this returns (or resolves to) `true` for; others get a 401 in their dialect. `'none'` lets
   * everybody in, which must be said aloud. Required with `proxy`.
   */
  authorize?: 'none' | ((request: IncomingMessage) => boolean | Promise<boolean>)
}

/**
 * The client as Express (or Connect, or plain Node) middleware; what it does not serve goes on to `next`.
 * @throws {ConfigError} naming every problem at once
 */
export function failover(client: FailoverClient, options?: FailoverOptions):
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
