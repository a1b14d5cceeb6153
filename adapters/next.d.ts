import type { FailoverClient, FailoverOptions } from 'bellwether'

export type RouteHandlers = Record<'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS' | 'PUT' | 'PATCH', (request: Request) => Promise<Response>>

/**
 * The client as the handlers of a catch-all route, `app/api/llm/[...path]/route.ts`, of which `base` is `/api/llm`:
 * `export const { GET, HEAD, POST, DELETE, OPTIONS } = failover(client, { base: '/api/llm', … })`.
 * @throws {ConfigError} naming every problem at once
 */
export function failover(client: FailoverClient, options?: FailoverOptions<Request>): RouteHandlers
