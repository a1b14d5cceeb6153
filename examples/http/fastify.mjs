// Fastify: the client served over HTTP. Run it, and open the addresses that it prints.
import Fastify from 'fastify'
import { FailoverClient } from 'bellwether'
import { failover } from 'bellwether/fastify'
import { createFaultServer } from 'bellwether/testing'

// A vendor that runs on this machine. With real ones, leave out baseURL and give a provider and a key.
const vendor = createFaultServer({ name: 'vendor' })
const client = new FailoverClient({ endpoints: [{ name: 'vendor', baseURL: vendor.url, apiKey: 'local', model: 'gpt-4.1' }] })

const TOKEN = process.env.TOKEN ?? 'change-me'
const options = {
  proxy: true,
  events: true,
  dashboard: true,
  authorize: ({ headers }) => headers.authorization === `Bearer ${TOKEN}`
}
const port = Number(process.env.PORT ?? 3000)

const app = Fastify()
app.register(failover(client, options))
app.get('/', () => 'my own')
await app.listen({ port, host: '127.0.0.1' })

console.log(`http://127.0.0.1:${app.server.address().port}/v1 for SDKs, /health, /metrics, /events, /dashboard/`)
