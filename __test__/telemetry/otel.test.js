'use strict'

// Spans and metrics as OpenTelemetry's own SDK collects them.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { once } = require('node:events')
const { trace, context, SpanStatusCode } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
const { MeterProvider, InMemoryMetricExporter, PeriodicExportingMetricReader, AggregationTemporality } = require('@opentelemetry/sdk-metrics')
const OpenAI = require('openai')
const { instrument } = require('bellwether/otel')
const { setup, ask, rejection, faults, until, KEY } = require('../helpers/client')

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

function collected (t, client, options) {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 1e8 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const end = instrument(client, { tracerProvider, meterProvider, ...options })
  t.after(end)
  t.after(() => meterProvider.shutdown())
  return {
    tracer: tracerProvider.getTracer('test'),
    end,
    spans: () => exporter.getFinishedSpans(),
    metrics: async () => {
      await reader.forceFlush()
      const list = metricExporter.getMetrics().at(-1)?.scopeMetrics.flatMap((s) => s.metrics) ?? []
      return Object.fromEntries(list.map((m) => [m.descriptor.name, m.dataPoints]))
    }
  }
}

test('where endpoints are is read once for a configuration, also where the answer came from none', async (t) => {
  const { client, a, servers } = setup(t, { servers: 1, fallbackResponse: 'Later.', maxRetries: 0 })
  const { spans } = collected(t, client)
  let reads = 0
  const status = client.getEndpointStatus.bind(client)
  client.getEndpointStatus = (...args) => { reads++; return status(...args) }
  a.always(faults.serverError())
  for (let i = 0; i < 3; i++) assert.equal((await ask(client)).report.endpoint, 'fallback')
  assert.equal(reads, 1)
  const told = once(client, 'config')
  await client.reload({ endpoints: [{ name: 'B', baseURL: servers[0].url.replace('127.0.0.1', 'localhost'), apiKey: 'k'.repeat(30) }] })
  await told
  a.always()
  await ask(client)
  assert.equal(reads, 2)
  assert.equal(family(spans().slice(-2))[0].attributes['server.address'], 'localhost')
})

/** The call's span and those of its attempts, in order. */
function family (spans) {
  const call = spans.find((s) => s.name.startsWith('chat') || s.name === 'embeddings text-embedding-3-small')
  return [call, spans.filter((s) => s.parentSpanContext?.spanId === call.spanContext().spanId)]
}

test('a call is a span under the caller’s, and each of its attempts a child', async (t) => {
  const { client, a } = setup(t, { endpoint: () => ({ provider: 'openai', price: { input: 1, output: 2 } }) })
  const { tracer, spans, metrics } = collected(t, client)
  a.script(faults.serverError())
  await tracer.startActiveSpan('request', async (outer) => {
    await ask(client, { temperature: 0.5, maxTokens: 20, stop: 'x', seed: 7 })
    outer.end()
  })
  const outer = spans().find((s) => s.name === 'request')
  const [call, attempts] = family(spans())
  assert.equal(call.name, 'chat gpt-4o')
  assert.equal(call.parentSpanContext.spanId, outer.spanContext().spanId)
  const { attributes } = call
  assert.deepEqual(
    [attributes['gen_ai.operation.name'], attributes['gen_ai.provider.name'], attributes['gen_ai.request.model'], attributes['gen_ai.response.model'], attributes['gen_ai.request.temperature'], attributes['gen_ai.request.max_tokens'], attributes['gen_ai.request.seed']],
    ['chat', 'openai', 'gpt-4o', 'gpt-4o', 0.5, 20, 7]
  )
  assert.deepEqual(attributes['gen_ai.request.stop_sequences'], ['x'])
  assert.deepEqual(attributes['gen_ai.response.finish_reasons'], ['stop'])
  assert.ok(attributes['gen_ai.usage.input_tokens'] > 0 && attributes['bellwether.cost_usd'] > 0 && attributes['server.port'] > 0)
  assert.equal(attributes['server.address'], '127.0.0.1')
  assert.deepEqual([attributes['bellwether.failover'], attributes['bellwether.endpoint']], [true, 'B'])
  assert.equal(call.status.code, SpanStatusCode.UNSET)
  assert.deepEqual(attempts.map((s) => [s.name, s.attributes['bellwether.outcome'], s.attributes['error.type'], s.attributes['http.response.status_code'], s.status.code]), [
    ['attempt A', 'next', 'serverError', 500, SpanStatusCode.ERROR], ['attempt B', 'ok', undefined, 200, SpanStatusCode.UNSET]
  ])
  // Neither prompts, answers nor keys.
  assert.ok(!JSON.stringify(spans().map((s) => [s.name, s.attributes, s.events])).match(/Hello|"hi"/))
  assert.ok(!JSON.stringify(spans().map((s) => s.attributes)).includes(KEY))
  const found = await metrics()
  assert.deepEqual(found['gen_ai.client.operation.duration'].map((p) => [p.attributes['gen_ai.response.model'], p.value.count]), [['gpt-4o', 1]])
  assert.deepEqual(found['gen_ai.client.token.usage'].map((p) => [p.attributes['gen_ai.token.type'], p.value.sum]), [['input', attributes['gen_ai.usage.input_tokens']], ['output', attributes['gen_ai.usage.output_tokens']]])
  assert.deepEqual(found['bellwether.failovers'].map((p) => [p.attributes['bellwether.from'], p.attributes['bellwether.to'], p.value]), [['A', 'B', 1]])
})

test('a stream ends its span when it ends, with the time of its first chunk', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const { spans, metrics } = collected(t, client)
  a.always(faults.combine(faults.slowFirstContent(30), faults.pace(10)))
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  assert.equal(spans().length, 0)
  for await (const _ of stream) { /* read */ }
  const [call] = family(spans())
  assert.equal(call.attributes['gen_ai.request.stream'], true)
  assert.ok(call.attributes['gen_ai.response.time_to_first_chunk'] >= 0.028)
  assert.equal((await metrics())['gen_ai.client.operation.time_to_first_chunk'][0].value.count, 1)
})

test('an error, an abort and a candidate that was passed over', async (t) => {
  const { client, a } = setup(t, { servers: 2, onUnavailable: 'error', maxRetries: 0 })
  const { spans } = collected(t, client)
  a.script(faults.badRequest())
  await rejection(ask(client))
  a.script(faults.rateLimited({ retryAfter: '30s' }))
  await ask(client)
  await ask(client)
  const abort = new AbortController()
  const aborted = rejection(ask(client, { signal: abort.signal }))
  abort.abort()
  await aborted
  const calls = spans().filter((s) => s.name.startsWith('chat'))
  assert.deepEqual(calls.map((s) => [s.status.code, s.attributes['error.type']]), [
    [SpanStatusCode.ERROR, 'badRequest'], [SpanStatusCode.UNSET, undefined], [SpanStatusCode.UNSET, undefined], [SpanStatusCode.ERROR, 'aborted']
  ])
  assert.equal(calls[0].status.message, 'ERR_BELLWETHER_BAD_REQUEST')
  assert.deepEqual(calls[2].events.map((e) => [e.name, e.attributes['bellwether.endpoint'], e.attributes['bellwether.reason']]), [['bellwether.skipped', 'A', 'cooldown']])
})

test('calls through client.fetch, chats and others, are traced as well', async (t) => {
  const { client } = setup(t, { servers: 1, endpoint: () => ({ provider: 'openai' }) })
  const { spans } = collected(t, client)
  const openai = new OpenAI({ apiKey: KEY, baseURL: 'https://api.openai.com/v1', fetch: client.fetch, maxRetries: 0 })
  await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] })
  for await (const _ of await openai.chat.completions.create({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'hi' }] })) { /* read */ }
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }).catch(() => {})
  await until('three spans', () => spans().filter((s) => s.parentSpanContext === undefined).length === 3)
  assert.deepEqual(spans().filter((s) => s.parentSpanContext === undefined).map((s) => [s.name, s.attributes['bellwether.via'], s.attributes['gen_ai.request.stream']]), [
    ['chat gpt-4o', 'fetch', undefined], ['chat gpt-4o', 'fetch', true], ['embeddings text-embedding-3-small', 'fetch', undefined]
  ])
})

test('content only with captureContent; older names by option', async (t) => {
  const { client } = setup(t, { servers: 1, endpoint: () => ({ provider: 'google', dialect: 'openai' }) })
  const latest = collected(t, client, { captureContent: true })
  const older = collected(t, client, { captureContent: true, conventions: '1.36' })
  const messages = [{ role: 'system', content: 'be brief' }, { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }]
  await client.chatCompletion({ model: 'gpt-4o', messages })
  const [{ attributes }] = family(latest.spans())
  assert.deepEqual(JSON.parse(attributes['gen_ai.input.messages']), [{ role: 'user', parts: [{ type: 'text', content: 'hi' }, { type: 'image_url' }] }])
  assert.deepEqual(JSON.parse(attributes['gen_ai.system_instructions']), [{ type: 'text', content: 'be brief' }])
  assert.match(JSON.parse(attributes['gen_ai.output.messages'])[0].parts[0].content, /Hello/)
  assert.equal(attributes['gen_ai.provider.name'], 'gcp.gemini')
  const [old] = family(older.spans())
  assert.equal(old.attributes['gen_ai.system'], 'gcp.gemini')
  assert.equal(old.attributes['gen_ai.provider.name'], undefined)
  assert.deepEqual(old.events.map((e) => e.name), ['gen_ai.user.message', 'gen_ai.choice'])
})

test('each client has its own, and none once it is ended', async (t) => {
  const [one, two] = [setup(t, { servers: 1 }), setup(t, { servers: 1 })]
  const first = collected(t, one.client)
  await ask(two.client)
  assert.equal(first.spans().length, 0)
  await ask(one.client)
  first.end()
  await ask(one.client)
  assert.equal(first.spans().filter((s) => s.name.startsWith('chat')).length, 1)
})

test('what is no option is named', (t) => {
  const { client } = setup(t, { servers: 1 })
  assert.throws(() => instrument({}, { captureContent: 'yes', conventions: '1.0', tracer: 1 }), (error) => {
    assert.deepEqual(error.problems.map((p) => p.path), ['client', 'captureContent', 'conventions', 'tracer'])
    return true
  })
  instrument(client)()
  assert.ok(trace.getTracer('x') !== undefined)
})
