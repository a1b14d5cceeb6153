// Hono: the client served over HTTP. Run it, and open the addresses that it prints.
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { FailoverClient } from 'bellwether'
import { failover } from 'bellwether/hono'
import { createFaultServer } from 'bellwether/testing'

// A vendor that runs on this machine. With real ones, leave out baseURL and give a provider and a key.
const vendor = createFaultServer({ name: 'vendor' })
const client = new FailoverClient({ endpoints: [{ name: 'vendor', baseURL: vendor.url, apiKey: 'local', model: 'gpt-4.1' }] })

const TOKEN = process.env.TOKEN ?? 'change-me'
const options = {
  proxy: true,
  events: true,
  dashboard: true,
  authorize: (context) => context.req.header('authorization') === `Bearer ${TOKEN}`
}
const port = Number(process.env.PORT ?? 3000)

const app = new Hono()
app.use(failover(client, options))
app.get('/', (context) => context.text('my own'))
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' })
await once(server, 'listening')

console.log(`http://127.0.0.1:${server.address().port}/v1 for SDKs, /health, /metrics, /events, /dashboard/`)
