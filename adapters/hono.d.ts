import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * Creates middleware for Hono: `app.use(failover(client, options))`. `authorize` receives Hono's context; name its
 * type with `failover<Context>(…)`. If it is not mounted at the root, set `base`.
 * @throws {ConfigError} with every invalid option
 */
export function failover<C extends { req: { raw: Request } } = any>(client: FailoverClient, options?: FailoverOptions<C>):
  (context: any, next: () => Promise<void>) => Promise<Response | void>
