import type { FailoverClient, FailoverOptions } from 'bellwether'

/**
 * The client as middleware of Hono's: `app.use(failover(client, options))`. `authorize` is given Hono's context; name its
 * type: `failover<Context>(…)`. Where it is not mounted at the root, say where by `base`.
 * @throws {ConfigError} naming every problem at once
 */
export function failover<C extends { req: { raw: Request } } = any>(client: FailoverClient, options?: FailoverOptions<C>):
  (context: any, next: () => Promise<void>) => Promise<Response | void>
