'use strict'

// `bellwether/otel`: a span for each call, a child span for each attempt, and the metrics of OpenTelemetry's
// conventions for generative AI. It subscribes to the tracing channel `bellwether:call`.

const { tracingChannel } = require('node:diagnostics_channel')
const { SpanKind, SpanStatusCode, context, metrics, trace } = require('@opentelemetry/api')
const { CHANNEL } = require('../lib/telemetry/trace')
const { configError } = require('../lib/util/errors')
const { describe } = require('../lib/util/serialize-options')
const { inputMessages, outputMessages, systemInstructions } = require('./otel-content')

const { name, version } = require('../package.json')

/** Versions of the conventions: the current one, and the last with `gen_ai.system`. */
const CONVENTIONS = ['latest', '1.36']
/** The conventions' names of providers. */
const PROVIDERS = /** @type {Record<string, string>} */ ({ google: 'gcp.gemini', azure: 'azure.ai.openai', mistral: 'mistral_ai', xai: 'x_ai' })
/** Bucket bounds that the conventions recommend. */
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
/** Fields of OpenAI's request, and their attributes. */
const REQUEST = /** @type {[string, string][]} */ (Object.entries({
  temperature: 'temperature', top_p: 'top_p', top_k: 'top_k', seed: 'seed', frequency_penalty: 'frequency_penalty', presence_penalty: 'presence_penalty',
  max_tokens: 'max_tokens', max_completion_tokens: 'max_tokens'
}))

/**
 * @param {import('..').FailoverClient} client
 * @param {import('./otel').Options} [options]
 * @returns {() => void}
 */
function instrument (client, options = {}) {
  const { captureContent, conventions, tracer, instruments } = readOptions(client, options)
  const system = conventions === '1.36' ? 'gen_ai.system' : 'gen_ai.provider.name'
  const endpoints = endpointAddresses(client)
  /** @type {WeakMap<object, { span: import('@opentelemetry/api').Span, began: number }>} */
  const open = new WeakMap()

  const start = (/** @type {any} */ call) => {
    if (call.client !== client) return
    const { operation, model } = call
    const attributes = { 'gen_ai.operation.name': operation, ...(typeof model === 'string' ? { 'gen_ai.request.model': model } : {}) }
    const span = tracer.startSpan(typeof model === 'string' ? `${operation} ${model}` : operation, { kind: SpanKind.CLIENT, attributes })
    if (span.isRecording()) span.setAttributes(requestAttributes(call))
    open.set(call, { span, began: performance.now() })
  }

  const end = (/** @type {any} */ call) => {
    const opened = open.get(call)
    if (opened === undefined) return
    open.delete(call)
    const { span, began } = opened
    const { report, error } = call
    const attempts = report?.attempts ?? error?.attempts ?? []
    const last = attempts.findLast((/** @type {any} */ a) => a.outcome !== 'skipped')
    const provider = providerOf(report?.provider ?? endpoints.of(last?.endpoint)?.provider)
    const shared = withoutUndefined({
      'gen_ai.operation.name': call.operation,
      [system]: provider,
      'gen_ai.request.model': typeof call.model === 'string' ? call.model : undefined,
      'gen_ai.response.model': report?.model || undefined,
      'error.type': error === undefined ? undefined : error.reason ?? (error.name === 'AbortError' ? 'aborted' : error.code ?? error.name ?? '_OTHER'),
      ...endpoints.attributes(report?.endpoint ?? last?.endpoint)
    })
    instruments.duration.record((performance.now() - began) / 1_000, shared)
    if (report?.usage) {
      instruments.tokens.record(report.usage.inputTokens, { ...shared, 'gen_ai.token.type': 'input' })
      instruments.tokens.record(report.usage.outputTokens, { ...shared, 'gen_ai.token.type': 'output' })
    }
    if (call.stream && report?.latency.firstContentMs !== undefined) instruments.firstChunk.record(report.latency.firstContentMs / 1_000, shared)
    if (span.isRecording()) {
      span.setAttributes({ ...shared, ...answerAttributes(call) })
      if (captureContent) recordContent(span, call, conventions)
      attempts.forEach((/** @type {any} */ attempt) => recordAttempt(tracer, span, attempt, endpoints))
      // A vendor's message may quote a prompt.
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: captureContent ? String(error.message ?? error) : error.code ?? error.name })
    }
    span.end()
  }

  const subscribers = { start, asyncEnd: end, end () {}, asyncStart () {}, error () {} }
  const channel = tracingChannel(CHANNEL)
  channel.subscribe(/** @type {any} */ (subscribers))
  const onFailover = (/** @type {any} */ { from, to, reason }) => {
    instruments.failovers.add(1, { 'bellwether.from': from.endpoint, 'bellwether.to': to.endpoint, 'error.type': reason })
  }
  client.on('failover', onFailover)
  client.on('config', endpoints.forget)
  return () => {
    channel.unsubscribe(/** @type {any} */ (subscribers))
    client.off('failover', onFailover)
    client.off('config', endpoints.forget)
  }
}

/**
 * @param {any} client
 * @param {any} options
 */
function readOptions (client, options) {
  const { tracerProvider, meterProvider, captureContent = false, conventions = 'latest', ...others } = options
  const problems = []
  if (typeof client?.chatCompletion !== 'function') problems.push({ path: 'client', message: `must be a FailoverClient, got ${describe(client)}` })
  if (typeof captureContent !== 'boolean') problems.push({ path: 'captureContent', message: `must be true or false, got ${describe(captureContent)}` })
  if (!CONVENTIONS.includes(conventions)) problems.push({ path: 'conventions', message: `must be one of ${CONVENTIONS.map((c) => `'${c}'`).join(', ')}, got ${typeof conventions === 'string' ? `'${conventions.slice(0, 60)}'` : describe(conventions)}` })
  for (const option of Object.keys(others)) problems.push({ path: option, message: 'is not an option; accepted are tracerProvider, meterProvider, captureContent, conventions' })
  if (problems.length > 0) throw configError(problems)
  const meter = (meterProvider ?? metrics).getMeter(name, version)
  const histogram = (/** @type {string} */ title, /** @type {string} */ unit, /** @type {string} */ description, /** @type {number[]} */ bounds) => {
    return meter.createHistogram(title, { unit, description, advice: { explicitBucketBoundaries: bounds } })
  }
  return {
    captureContent,
    conventions,
    tracer: (tracerProvider ?? trace).getTracer(name, version),
    instruments: {
      duration: histogram('gen_ai.client.operation.duration', 's', 'GenAI operation duration.', SECONDS),
      tokens: histogram('gen_ai.client.token.usage', '{token}', 'Number of input and output tokens used.', TOKENS),
      firstChunk: histogram('gen_ai.client.operation.time_to_first_chunk', 's', 'Time to receive the first chunk of a stream.', SECONDS),
      failovers: meter.createCounter('bellwether.failovers', { unit: '{failover}', description: 'Failovers of calls from one endpoint and model to another.' })
    }
  }
}

/** @param {any} call */
function requestAttributes ({ request, stream }) {
  const found = /** @type {Record<string, any>} */ ({})
  for (const [field, attribute] of REQUEST) {
    if (typeof request?.[field] === 'number') found[`gen_ai.request.${attribute}`] = request[field]
  }
  if (stream) found['gen_ai.request.stream'] = true
  const stop = typeof request?.stop === 'string' ? [request.stop] : request?.stop
  if (Array.isArray(stop)) found['gen_ai.request.stop_sequences'] = stop
  if (Number.isInteger(request?.n) && request.n !== 1) found['gen_ai.request.choice.count'] = request.n
  const form = request?.response_format?.type
  if (typeof form === 'string') found['gen_ai.output.type'] = form.startsWith('json') ? 'json' : 'text'
  return found
}

/** @param {any} call */
function answerAttributes ({ report, result, error, stream, via }) {
  const usage = report?.usage
  return withoutUndefined({
    'gen_ai.response.id': result?.id,
    'gen_ai.response.finish_reasons': result?.choices?.map((/** @type {any} */ choice) => choice.finish_reason ?? ''),
    'gen_ai.response.time_to_first_chunk': stream && report?.latency.firstContentMs !== undefined ? report.latency.firstContentMs / 1_000 : undefined,
    'gen_ai.usage.input_tokens': usage?.inputTokens,
    'gen_ai.usage.output_tokens': usage?.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage?.cachedTokens,
    'gen_ai.usage.cache_creation.input_tokens': usage?.cacheWriteTokens,
    'gen_ai.usage.reasoning.output_tokens': usage?.reasoningTokens,
    'bellwether.request_id': report?.requestId ?? error?.requestId,
    'bellwether.endpoint': report?.endpoint ?? error?.endpoint,
    'bellwether.failover': report?.failover,
    'bellwether.hedged': report?.hedged,
    'bellwether.degraded': report?.degraded,
    'bellwether.queue_ms': report?.latency.queueMs,
    'bellwether.cost_usd': report?.costUsd ?? undefined,
    'bellwether.via': via
  })
}

/**
 * Records a sent attempt as a span, and a skipped candidate as an event of its parent.
 * @param {import('@opentelemetry/api').Tracer} tracer
 * @param {import('@opentelemetry/api').Span} parent
 * @param {any} attempt
 * @param {ReturnType<typeof endpointAddresses>} endpoints
 */
function recordAttempt (tracer, parent, attempt, endpoints) {
  const { endpoint, model, startedAt, durationMs, outcome, reason, status, reusedConnection, vendorRequestId } = attempt
  const ownAttributes = withoutUndefined({ 'bellwether.endpoint': endpoint, 'bellwether.model': model, 'bellwether.outcome': outcome, 'bellwether.reason': reason })
  if (outcome === 'skipped') {
    parent.addEvent('bellwether.skipped', ownAttributes, new Date(startedAt))
    return
  }
  const began = Date.parse(startedAt)
  const attributes = {
    ...ownAttributes,
    ...withoutUndefined({
      'http.response.status_code': status, 'error.type': reason, 'bellwether.reused_connection': reusedConnection, 'bellwether.vendor_request_id': vendorRequestId, ...endpoints.attributes(endpoint)
    })
  }
  const span = tracer.startSpan(`attempt ${endpoint}`, { kind: SpanKind.CLIENT, startTime: began, attributes }, trace.setSpan(context.active(), parent))
  if (reason !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
  span.end(began + durationMs)
}

/**
 * @param {import('@opentelemetry/api').Span} span
 * @param {any} call
 * @param {string} conventions
 */
function recordContent (span, call, conventions) {
  const given = inputMessages(call.request)
  const answered = outputMessages(call.result)
  if (conventions === '1.36') {
    for (const message of given) span.addEvent(`gen_ai.${message.role}.message`, { content: JSON.stringify(message.parts) })
    for (const message of answered) span.addEvent('gen_ai.choice', { finish_reason: message.finish_reason, message: JSON.stringify(message.parts) })
    return
  }
  const system = systemInstructions(call.request)
  if (system.length > 0) span.setAttribute('gen_ai.system_instructions', JSON.stringify(system))
  if (given.length > 0) span.setAttribute('gen_ai.input.messages', JSON.stringify(given))
  if (answered.length > 0) span.setAttribute('gen_ai.output.messages', JSON.stringify(answered))
}

/**
 * Caches addresses and providers of endpoints by name until the configuration changes: an endpoint status is too
 * expensive to build for every call.
 * @param {import('..').FailoverClient} client
 */
function endpointAddresses (client) {
  /** @type {Map<string, { provider: string, attributes: Record<string, any> }> | undefined} */
  let known
  const of = (/** @type {string | undefined} */ endpoint) => {
    if (endpoint === undefined) return undefined
    known ??= new Map(client.getEndpointStatus().map(({ name: ownAttributes, url, provider }) => {
      const { hostname, port, protocol } = new URL(url)
      return [ownAttributes, { provider, attributes: { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) } }]
    }))
    return known.get(endpoint)
  }
  return {
    of,
    attributes: (/** @type {string | undefined} */ endpoint) => of(endpoint)?.attributes ?? {},
    forget: () => { known = undefined }
  }
}

/** @param {string | undefined} provider */
function providerOf (provider) {
  return provider === undefined ? undefined : PROVIDERS[provider] ?? provider
}

/** Removes members without a value. @param {Record<string, any>} attributes */
function withoutUndefined (attributes) {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null))
}

module.exports = { instrument }
