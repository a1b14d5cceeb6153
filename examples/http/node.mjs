// Node's own server: the client served over HTTP. Run it, and open the addresses that it prints.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { FailoverClient } from 'bellwether'
import { failover } from 'bellwether/node'
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

const middleware = failover(client, options)
const server = createServer((req, res) => middleware(req, res, (error) => res.writeHead(error ? 500 : 404).end()))
// Events over WebSockets, if the package ws is installed.
server.on('upgrade', async (req, socket, head) => { if (!await middleware.upgrade(req, socket, head)) socket.destroy() })
await once(server.listen(port, '127.0.0.1'), 'listening')

console.log(`http://127.0.0.1:${server.address().port}/v1 for SDKs, /health, /metrics, /events, /dashboard/`)
