'use strict'

// The same events over WebSockets, by `ws` on both sides.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { once } = require('node:events')
const WebSocket = require('ws')
const { attachEvents } = require('bellwether/node')
const { setup, until } = require('../helpers/client')
const { Feed } = require('../../lib/http/events/feed')
const { json } = require('../helpers/child')
const { listen, mount, follow } = require('./helpers')

const OPEN = { events: true, authorize: 'none' }
const tell = (client, n, more = '') => client.deliver('config', { message: String(n), more })

/** A socket, its messages, and how it ended. */
function connect (t, url, options = {}) {
  const socket = new WebSocket(url.replace('http', 'ws'), options)
  t.after(() => socket.terminate())
  const messages = []
  socket.on('message', (data, isBinary) => messages.push(isBinary ? undefined : JSON.parse(data)))
  socket.on('error', () => {})
  const closed = new Promise((resolve) => {
    socket.once('close', (code, reason) => resolve([code, String(reason)]))
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode))
  })
  return { socket, messages, closed }
}

test('a WebSocket receives the events of a stream, with the same ids, and continues where it was', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, OPEN)
  const stream = await follow(t, `${url}/events`)
  await stream.next(({ event }) => event === 'snapshot')
  const { messages, closed } = connect(t, `${url}/events`)
  await until('it begins', () => messages.length === 1)
  assert.deepEqual([messages[0].event, messages[0].data.endpoints[0].name], ['snapshot', 'A'])
  for (let n = 0; n < 5; n++) tell(client, n)
  await stream.next(({ data }) => data?.message === '4')
  await until('it heard all', () => messages.length === 6)
  assert.deepEqual(messages.slice(1), stream.events.filter(({ event }) => event === 'config'))
  const again = connect(t, `${url}/events?lastEventId=${messages[2].id}`)
  await until('the rest came', () => again.messages.length === 3)
  assert.deepEqual(again.messages, messages.slice(3))
  const lost = connect(t, `${url}/events?lastEventId=1`)
  await until('it begins anew', () => lost.messages.length >= 2)
  assert.deepEqual(lost.messages.slice(0, 2).map(({ event }) => event), ['reset', 'snapshot'])
  await client.close()
  assert.deepEqual(await closed, [1001, 'closed'])
  assert.equal(messages.at(-1).event, 'closing')
  assert.equal(await connect(t, `${url}/events`).closed, 503)
})

test('unauthorized, cross-origin and surplus listeners are refused before the upgrade', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const origins = ['https://app.example.com']
  const { url } = await mount(t, client, { events: true, authorize: ({ headers }) => headers['x-token'] === 'right', push: { maxListeners: 3, origins } })
  const ask = (origin, token = 'right') => connect(t, `${url}/events`, { origin, headers: { 'x-token': token } })
  assert.equal(await ask(undefined, 'wrong').closed, 401)
  for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example', 'https://app.example.com.evil.example']) assert.equal(await ask(origin).closed, 403, origin)
  for (const origin of [undefined, url, ...origins]) await once(ask(origin).socket, 'message')
  assert.equal(await ask().closed, 503)
  const { url: broken } = await mount(t, client, { events: true, authorize: () => { throw new Error('no') } })
  assert.equal(await connect(t, `${broken}/events`).closed, 500)
})

test('an upgrade without a decision is not waited for without end', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { events: true, authorize: () => new Promise(() => {}), push: { patience: 30 } })
  assert.equal(await connect(t, `${url}/events`).closed, 503)
  const { url: late } = await mount(t, client, { events: true, authorize: () => new Promise((resolve, reject) => setTimeout(reject, 60, new Error('too late'))), push: { patience: 30 } })
  assert.equal(await connect(t, `${late}/events`).closed, 503)
})

test('attachEvents serves them beside another request handler, until it is detached', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { server, url } = await listen(t, (req, res) => res.end('theirs'))
  const detach = attachEvents(server, client, { authorize: 'none', path: '/live' })
  const { messages } = connect(t, `${url}/live`)
  await until('it begins', () => messages.length === 1)
  assert.equal(await connect(t, `${url}/other`).closed, 404)
  assert.equal(await (await fetch(`${url}/live`)).text(), 'theirs')
  detach()
  assert.equal(server.listenerCount('upgrade'), 0)
})

test('a listener is dropped if it answers no ping, sends too much, or does not read', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...OPEN, push: { heartbeat: 30, maxUnsent: 64 << 10 } })
  const feed = Feed.of(client)
  const silent = connect(t, `${url}/events`, { autoPong: false })
  assert.equal((await silent.closed)[0], 1006)
  const loud = connect(t, `${url}/events`)
  await once(loud.socket, 'message')
  loud.socket.send('x'.repeat(2_000))
  assert.equal((await loud.closed)[0], 1009)
  const slow = connect(t, `${url}/events`)
  await once(slow.socket, 'message')
  slow.socket.pause()
  await until('it is let go', () => {
    tell(client, 0, 'x'.repeat(256 << 10))
    return feed.dropped === 1
  })
  slow.socket.resume()
  assert.deepEqual(await slow.closed, [1008, 'too slow: unsent'])
  assert.deepEqual([slow.messages.at(-1).event, slow.messages.at(-1).data.reason], ['dropped', 'unsent'])
  await until('all are gone', () => feed.listeners === 0)
})

test('without ws an upgrade is 501, and all else is as it was', async (t) => {
  const { status, health } = await json(t, `
    const Module = require('node:module')
    const load = Module._load
    Module._load = (name, ...more) => {
      if (name === 'ws') throw Object.assign(new Error("Cannot find module 'ws'"), { code: 'MODULE_NOT_FOUND' })
      return load(name, ...more)
    }
    const http = require('node:http')
    const { failover } = require('bellwether/node')
    const client = new FailoverClient({ apiKey: 'k', endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:1' }] })
    const middleware = failover(client, { events: true, authorize: 'none' })
    const server = http.createServer(middleware).on('upgrade', middleware.upgrade).listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port
      const request = http.get(url + '/events', { headers: { connection: 'upgrade', upgrade: 'websocket' } })
      const [response] = await require('node:events').once(request, 'response')
      console.log(JSON.stringify({ status: response.statusCode, health: (await fetch(url + '/health')).status }))
      process.exit()
    })`)
  assert.deepEqual([status, health], [501, 200])
})
