import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * The client as a plugin: `app.register(failover(client, options), { prefix })`. `authorize` is given Fastify's request;
 * name its type: `failover<FastifyRequest>(…)`. Bodies are read here, not by Fastify, whose `bodyLimit` does not apply.
 * @throws {ConfigError} naming every problem at once
 */
export function failover<R = any>(client: FailoverClient, options?: FailoverOptions<R>): (instance: any, options: object) => Promise<void>
