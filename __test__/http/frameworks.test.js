'use strict'

// The same surface in every framework, on the real one: the official SDK, streams, departures, large bodies, errors,
// events, and what is the framework's own left to it.

const { test, describe } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const OpenAI = require('openai')
const { setup, until, faults, KEY } = require('../helpers/client')
const { Feed } = require('../../lib/http/events/feed')
const { CHAT, listen, post, follow } = require('./helpers')

const OPTIONS = { proxy: true, events: true, dashboard: true }

/** Each gives the address of an app with the client in it, of which `GET /own` and `POST /own` are its own. */
const FRAMEWORKS = {
  'node:http' (t, client, options) {
    const middleware = require('bellwether/node').failover(client, options)
    return listen(t, (req, res) => middleware(req, res, () => own(req, res)))
  },
  express (t, client, options) {
    const app = require('express')()
    app.use(require('bellwether/express').failover(client, options))
    app.use(require('express').json())
    app.all('/own', (req, res) => res.send('own'))
    return listen(t, app)
  },
  async fastify (t, client, options) {
    const app = require('fastify')({ bodyLimit: 1_000 })
    app.register(require('bellwether/fastify').failover(client, options))
    app.all('/own', () => 'own')
    t.after(() => { app.server.closeAllConnections(); return app.close() })
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
  },
  async hono (t, client, options) {
    const { Hono } = require('hono')
    const { getRequestListener } = require('@hono/node-server')
    const app = new Hono()
    const { authorize } = options
    app.use(require('bellwether/hono').failover(client, { ...options, authorize: authorize === 'none' ? authorize : (context) => authorize({ headers: Object.fromEntries(context.req.raw.headers) }) }))
    app.all('/own', (context) => context.text('own'))
    return listen(t, getRequestListener(app.fetch))
  },
  'nest on express': (t, client, options) => nest(t, client, options, () => undefined),
  'nest on fastify': (t, client, options) => nest(t, client, options, () => new (require('@nestjs/platform-fastify').FastifyAdapter)()),
  // Next itself has a test of its own; this is what its routes call.
  async 'next\'s handlers' (t, client, options) {
    const { getRequestListener } = require('@hono/node-server')
    const { authorize } = options
    const handlers = require('bellwether/next').failover(client, { ...options, authorize: authorize === 'none' ? authorize : ({ headers }) => authorize({ headers: Object.fromEntries(headers) }) })
    return listen(t, getRequestListener((request) => new URL(request.url).pathname === '/own' ? new Response('own') : handlers[request.method](request)))
  }
}

function own (req, res) {
  res.statusCode = req.url === '/own' ? 200 : 404
  res.end('own')
}

async function nest (t, client, options, adapter) {
  require('reflect-metadata')
  const { NestFactory } = require('@nestjs/core')
  const { Module, Controller, All } = require('@nestjs/common')
  class Own { own () { return 'own' } }
  Controller('own')(Own)
  All()(Own.prototype, 'own', Object.getOwnPropertyDescriptor(Own.prototype, 'own'))
  class App {}
  Module({ imports: [require('bellwether/nest').failover(client, options)], controllers: [Own] })(App)
  const given = adapter()
  const app = await (given ? NestFactory.create(App, given, { logger: false }) : NestFactory.create(App, { logger: false }))
  t.after(() => { app.getHttpServer().closeAllConnections(); return app.close() })
  await app.listen(0, '127.0.0.1')
  return { url: `http://127.0.0.1:${app.getHttpServer().address().port}` }
}

for (const [name, mount] of Object.entries(FRAMEWORKS)) {
  describe(name, () => {
    test('the official SDK is served, whole and streamed, and raises its own errors', async (t) => {
      const { client, a, b } = setup(t, { maxRetries: 0, onUnavailable: 'error' })
      const { url } = await mount(t, client, { ...OPTIONS, authorize: ({ headers }) => headers.authorization === 'Bearer right' })
      const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'right', maxRetries: 0 })
      a.script(faults.serverError())
      const { data, response } = await openai.chat.completions.create(CHAT).withResponse()
      assert.deepEqual([data.choices[0].message.content, response.headers.get('x-bellwether-endpoint')], ['Hello from B', 'B'])
      let text = ''
      for await (const chunk of await openai.chat.completions.create({ ...CHAT, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
      assert.match(text, /^Hello from [AB]$/)
      await assert.rejects(new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 }).chat.completions.create(CHAT), OpenAI.AuthenticationError)
      a.always(faults.serverError())
      b.always(faults.serverError())
      await assert.rejects(openai.chat.completions.create(CHAT), (error) => error instanceof OpenAI.InternalServerError && !error.message.includes(KEY))
      await assert.rejects(openai.chat.completions.create({ ...CHAT, messages: 'no list' }), OpenAI.APIError)
    })

    test('a body is as large as it may be here, and no larger; what is the framework\'s stays its own', async (t) => {
      const { client, a } = setup(t, { servers: 1 })
      const { url } = await mount(t, client, { ...OPTIONS, authorize: 'none' })
      const content = 'x'.repeat(2 << 20)
      assert.equal((await post(`${url}/v1/chat/completions`, { ...CHAT, messages: [{ role: 'user', content }] })).status, 200)
      assert.equal(a.hits()[0].body.messages[0].content, content)
      const request = http.request(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 65 << 20 } })
      request.on('error', () => {}).flushHeaders()
      request.write('{')
      const [response] = await once(request, 'response')
      assert.equal(response.statusCode, 413)
      request.destroy()
      for (const init of [{}, { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }]) {
        assert.equal(await (await fetch(`${url}/own`, init)).text(), 'own')
      }
      assert.equal((await fetch(`${url}/none`)).status, 404)
      assert.equal((await fetch(`${url}/v1/none`)).status, 404)
    })

    test('a caller that disconnects cancels its request', async (t) => {
      const { client, a } = setup(t, { servers: 1 })
      const { url } = await mount(t, client, { ...OPTIONS, authorize: 'none' })
      for (const [i, [fault, stream]] of [[faults.hang(), false], [faults.stall({ after: 1 }), true]].entries()) {
        a.script(fault)
        const gone = new AbortController()
        const asked = post(`${url}/v1/chat/completions`, { ...CHAT, stream }, { signal: gone.signal }).then((response) => response.text())
        await a.waitForHits(i + 1)
        gone.abort()
        await assert.rejects(asked)
        await a.waitForHits(i + 1, { outcome: 'clientAborted' })
      }
      await until('nothing is left', () => client.metrics.snapshot().activeCalls === 0)
    })

    test('health, metrics, the page and its events', async (t) => {
      const { client } = setup(t, { servers: 1 })
      const { url } = await mount(t, client, { ...OPTIONS, authorize: 'none' })
      for (const path of ['/livez', '/readyz', '/health', '/metrics', '/dashboard', '/dashboard/dashboard.js', '/dashboard/data.json', '/v1/models']) {
        const response = await fetch(url + path)
        assert.equal(response.status, 200, path)
        assert.ok((await response.text()).length > 2, path)
        const head = await fetch(url + path, { method: 'HEAD' })
        assert.deepEqual([head.status, await head.text()], [200, ''], path)
      }
      const refused = await fetch(`${url}/health`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD, OPTIONS'])
      const listener = await follow(t, `${url}/events`)
      await listener.next(({ event }) => event === 'snapshot')
      client.deliver('config', { message: 'told' })
      await listener.next(({ data }) => data?.message === 'told')
      listener.leave()
      await until('it has left', () => Feed.of(client).listeners === 0)
    })
  })
}

test('Fastify gives the plugin its prefix, and its request to authorize', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const app = require('fastify')()
  const ids = []
  app.addHook('onRequest', async (_request, reply) => { reply.header('x-own', 'kept') })
  app.register(require('bellwether/fastify').failover(client, { proxy: true, authorize: (request) => ids.push(request.id) > 0 }), { prefix: '/ai' })
  t.after(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(`${url}/ai/v1/models`)
  assert.deepEqual([response.status, response.headers.get('x-own'), ids.length], [200, 'kept', 1])
  assert.equal((await fetch(`${url}/ai/health`)).status, 200)
  assert.equal((await fetch(`${url}/v1/models`)).status, 404)
})

test('below a path, by base: in Hono and in Next\'s handlers', async (t) => {
  const { Hono } = require('hono')
  const { client } = setup(t, { servers: 1, endpoint: () => ({ models: ['its'] }) })
  const options = { base: '/ai', proxy: true, authorize: 'none' }
  const app = new Hono()
  app.use('/ai/*', require('bellwether/hono').failover(client, options))
  const handlers = require('bellwether/next').failover(client, options)
  for (const ask of [(path) => app.request(`http://x${path}`), (path) => handlers.GET(new Request(`http://x${path}`))]) {
    assert.deepEqual((await (await ask('/ai/v1/models')).json()).data.map(({ id }) => id), ['its'])
    assert.equal((await ask('/v1/models')).status, 404)
    assert.equal((await ask('/aix/v1/models')).status, 404)
  }
})
