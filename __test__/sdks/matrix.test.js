'use strict'

// The official SDKs, by `fetch` and over HTTP, on vendors of every dialect, in health and after a failover.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const express = require('express')
const { failover } = require('bellwether/express')
const { serve, open, faults } = require('../helpers/client')
const { SDKS, ENDS } = require('../helpers/sdks')

const DIALECTS = ['openai', 'anthropic', 'google', 'relay']

/** The client as a server of its own; resolves with its address. */
async function mount (t, client, app = express()) {
  app.use(failover(client, { proxy: true, authorize: 'none' }))
  const server = http.createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${server.address().port}`
}

for (const by of ['fetch', 'HTTP']) {
  for (const sdk of SDKS) {
    for (const first of DIALECTS) {
      for (const second of [undefined, ...DIALECTS]) {
        test(`${sdk.dialect} by ${by} on ${first}${second ? `, which is down, then ${second}` : ''}`, async (t) => {
          const servers = [first, second].filter(Boolean).map((dialect, i) => serve(t, { dialect, name: 'AB'[i] }))
          const client = open(t, {
            endpoints: servers.map(({ url }, i) => ({ name: 'AB'[i], dialect: [first, second][i], baseURL: url }))
          })
          const [a] = servers
          if (second) a.always(faults.unavailable())
          const last = servers.at(-1)
          const made = sdk.make(by === 'fetch' ? { fetch: client.fetch } : { baseURL: await mount(t, client) })
          const text = `Hello from ${'AB'[servers.length - 1]}`
          const [stop, tool] = ENDS[sdk.dialect]
          assert.deepEqual(await sdk.answer(made), { text, end: stop })
          assert.deepEqual(await sdk.stream(made), { text, end: stop })
          last.always(faults.toolCalls({ name: 'weather', arguments: { city: 'Bern' } }))
          assert.deepEqual(await sdk.tools(made), { name: 'weather', input: { city: 'Bern' }, end: tool })
          assert.ok(last.totalHits >= 3)
        })
      }
    }
  }
}
