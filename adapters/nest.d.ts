import type { IncomingMessage } from 'node:http'
import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * The client as a module for `imports`, on Express or Fastify. It serves its paths as they stand, before parsers of bodies,
 * guards and the global prefix.
 * @throws {ConfigError} naming every problem at once
 */
export function failover(client: FailoverClient, options?: FailoverOptions<IncomingMessage>): { module: new (...dependencies: any[]) => object }
