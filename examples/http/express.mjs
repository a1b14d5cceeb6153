// Express: the client served over HTTP. Run it, and open the addresses that it prints.
import { once } from 'node:events'
import express from 'express'
import { FailoverClient } from 'bellwether'
import { failover, attachEvents } from 'bellwether/express'
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

const app = express()
app.use(failover(client, options)) // before express.json(), which would refuse large requests
app.use(express.json())
app.get('/', (req, res) => res.send('my own'))
const server = app.listen(port, '127.0.0.1')
// Express does not handle upgrades: WebSockets belong to the server.
attachEvents(server, client, { authorize: options.authorize })
await once(server, 'listening')

console.log(`http://127.0.0.1:${server.address().port}/v1 for SDKs, /health, /metrics, /events, /dashboard/`)
