import type { FailoverClient, FailoverOptions } from 'bellwether'

export type RouteHandlers = Record<'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS' | 'PUT' | 'PATCH', (request: Request) => Promise<Response>>

/**
 * Creates the handlers of a catch-all route such as `app/api/llm/[...path]/route.ts`, which needs `base: '/api/llm'`:
 * `export const { GET, HEAD, POST, DELETE, OPTIONS } = failover(client, { base: '/api/llm', … })`.
 * @throws {ConfigError} with every invalid option
 */
export function failover(client: FailoverClient, options?: FailoverOptions<Request>): RouteHandlers
