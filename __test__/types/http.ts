// The client over HTTP, in the frameworks' own types.

import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import fastify, { type FastifyRequest } from 'fastify'
import { Hono, type Context } from 'hono'
import type { DashboardData, EndpointStatus, FailoverClient, FeedEvents } from 'bellwether'
import * as node from 'bellwether/node'
import { failover as forExpress } from 'bellwether/express'
import { failover as forFastify } from 'bellwether/fastify'
import { failover as forHono } from 'bellwether/hono'
import { failover as forNest } from 'bellwether/nest'
import { failover as forNext } from 'bellwether/next'

declare const client: FailoverClient
/** As Express and Connect have it; their types are not here. */
declare const use: (middleware: (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void) => void

export async function mounts (): Promise<void> {
  const authorize = ({ headers }: IncomingMessage): boolean => headers.authorization === 'Bearer x'
  const middleware = node.failover(client, { authorize, events: '/live', protect: ['metrics'], ready: 'vendors', push: { heartbeat: '5s', maxUnsent: 1 << 16, origins: ['https://a.example'] } })
  const server = http.createServer((req, res) => middleware(req, res, () => res.end()))
  server.on('upgrade', (req, socket, head) => { void middleware.upgrade(req, socket, head) })
  node.attachEvents(server, client, { authorize: 'none', path: '/live' })()
  use(forExpress(client, { proxy: true, authorize }))
  await fastify().register(forFastify<FastifyRequest>(client, { proxy: true, authorize: (request) => request.id === 'x' }), { prefix: '/ai' })
  new Hono().use(forHono<Context>(client, { proxy: true, authorize: async (context) => context.req.header('x') === 'y' }))
  console.log(forNest(client, { health: false }).module)
  const { GET, POST } = forNext(client, { base: '/ai', dashboard: true, authorize: ({ headers }) => headers.has('x') })
  console.log(await GET(new Request('http://x')), POST)
  // @ts-expect-error: not a part
  forExpress(client, { admin: true })
  // @ts-expect-error: always asked
  node.failover(client, { protect: ['events'] })
  // @ts-expect-error: required
  node.attachEvents(server, client, {})
}

export function data (data: DashboardData, reset: FeedEvents['reset']): EndpointStatus[] {
  console.log(data.costs.report.total.costUsd, data.queue.size, data.push.dropped, reset.reason)
  return data.endpoints
}
