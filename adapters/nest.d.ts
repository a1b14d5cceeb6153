import type { IncomingMessage } from 'node:http'
import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * Creates a module for `imports`, on Express or Fastify. It serves its paths before body parsers, guards and the
 * global prefix apply.
 * @throws {ConfigError} with every invalid option
 */
export function failover(client: FailoverClient, options?: FailoverOptions<IncomingMessage>): { module: new (...dependencies: any[]) => object }
