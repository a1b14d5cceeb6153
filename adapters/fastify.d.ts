import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * Creates a Fastify plugin: `app.register(failover(client, options), { prefix })`. `authorize` receives Fastify's
 * request; name its type with `failover<FastifyRequest>(…)`. Fastify does not read these bodies, so its `bodyLimit`
 * does not apply.
 * @throws {ConfigError} with every invalid option
 */
export function failover<R = any>(client: FailoverClient, options?: FailoverOptions<R>): (instance: any, options: object) => Promise<void>
