'use strict'

const assert = require('node:assert/strict')
const { FailoverClient } = require('../..')
const { createFaultServer, faults } = require('../../testing')

/** The ways to a vendor: server options, and what the client needs for them. */
const TRANSPORTS = [
  { transport: 'HTTP/1.1', server: {} },
  { transport: 'TLS', server: { tls: true } },
  { transport: 'HTTP/2 over TLS', server: { tls: true, h2: true } }
]
const [PLAIN, TLS, H2] = TRANSPORTS

/** Retries that do not keep a test waiting. */
const QUICK = { backoff: { initial: 1, max: 5, factor: 2 } }
const KEY = 'sk-test-0123456789abcdef'
const MODEL = 'gpt-4o'

/** A fault server that ends with the test. */
function serve (t, options = {}) {
  const server = createFaultServer(options)
  t.after(() => server.close())
  return server
}

/** A client that ends with the test. */
function openClient (t, options) {
  const client = new FailoverClient({ apiKey: KEY, proxy: false, ...options })
  t.after(() => client.close({ drain: 0 }))
  return client
}

/** Servers named A, B, … and a client that has them as its endpoints, in that order. */
function setup (t, { servers = 2, transport = PLAIN, endpoint = () => ({}), ...options } = {}) {
  const list = Array.from({ length: servers }, (_, i) => {
    return serve(t, { ...transport.server, name: String.fromCharCode(65 + i) })
  })
  const client = openClient(t, {
    retry: QUICK,
    endpoints: list.map((server, i) => ({ name: String.fromCharCode(65 + i), baseURL: server.url, ...endpoint(i) })),
    ...(transport.server.tls ? { tls: { ca: list[0].ca } } : {}),
    ...options
  })
  const [a, b, c] = list
  return { client, a, b, c, servers: list }
}

/** One call, read to its end: the whole completion, streamed or not. */
async function ask (client, options = {}) {
  const answer = await client.chatCompletion(options.model ?? MODEL, 'hi', without(options, 'model'))
  if (!options.stream) return answer
  const chunks = []
  for await (const chunk of answer) chunks.push(chunk)
  const completion = await answer.finalCompletion
  Object.defineProperty(completion, 'chunks', { value: chunks, enumerable: false })
  return completion
}

function without (object, name) {
  const { [name]: _, ...rest } = object
  return rest
}

/** What is wrong with some options, each as `path message`. */
function configProblems (options) {
  try {
    new FailoverClient({ apiKey: KEY, ...options }).close()
  } catch (error) {
    return error.problems.map(({ path, message }) => `${path} ${message}`)
  }
  return []
}

/** What a promise is rejected with. */
async function rejection (promise) {
  let value
  try {
    value = await promise
  } catch (error) {
    return error
  }
  assert.fail(`was expected to fail, and gave ${JSON.stringify(value)}`)
}

/** The text of a completion. */
function textOf (completion) {
  return completion.choices[0].message.content
}

/** `A:next:serverError B:ok` */
function attemptSummary (attempts) {
  return attempts.map((a) => [a.endpoint, a.outcome, a.reason].filter(Boolean).join(':')).join(' ')
}

/** Awaited emitters. A forwarder holds its emitter weakly, so a test must keep it alive. */
const awaited = new Set()

/** Resolves with the next event of a name that a test accepts. */
function nextEvent (emitter, name, accept = () => true) {
  return new Promise((resolve) => {
    const wait = { emitter }
    awaited.add(wait)
    emitter.on(name, function listener (payload) {
      if (!accept(payload)) return
      emitter.off(name, listener)
      awaited.delete(wait)
      resolve(payload)
    })
  })
}

/** Every payload of some events from now on, as `{ name, ...payload }`. */
function recordEvents (emitter, ...names) {
  const seen = []
  for (const name of names) emitter.on(name, (payload) => seen.push({ event: name, ...payload }))
  return seen
}

/** Waits until something is so, looking again after each turn of the event loop. */
async function until (what, condition, limit = 10_000) {
  const end = Date.now() + limit
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${what}: not within ${limit} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Keeps the event loop from doing anything. */
function blockEventLoop (ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

module.exports = {
  TRANSPORTS, PLAIN, TLS, H2, QUICK, KEY, MODEL,
  serve, openClient, setup, ask, rejection, configProblems, textOf, attemptSummary, nextEvent, recordEvents, until, blockEventLoop, faults
}
