// What must compile, and with which types.

import { once } from 'node:events'
import {
  chatCompletion, defineConfig, FailoverClient, HealthMonitor, discordForwarder, pagerDutyForwarder, slackForwarder, webhookForwarder,
  FailoverError, AllEndpointsFailedError, AuthenticationError, BadRequestError, BudgetExceededError, ClientClosedError, ConfigError, ConnectionError,
  ContentFilterError, ContextLengthError, NotFoundError, PermissionDeniedError, QueueFullError, QuotaExceededError,
  RateLimitError, StreamInterruptedError, TimeoutError, UpstreamError
} from 'bellwether'
import type {
  AlertForwarder, AlertPayload, Attempt, CallReport, ChatCompletion, ChatCompletionChunk, ChatOptions, ChatStream, ClientOptions, ConfigChanges, ConfigProblem,
  EndpointFailure, EndpointStatus, FailureReason, HealthCheckResult, HealthReport, KeyValidation, Message, MetricsSnapshot,
  LatencyClass, ModelSummary, OpenAIChatRequest, QueuedJob, QueuedRequest, TimeoutPhase, Usage
} from 'bellwether'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
/** Compiles if the value's type is exactly `Expected`: `exactly<string>()(value)`. */
const exactly = <Expected>() => <Given>(_value: Given, ..._same: Same<Given, Expected> extends true ? [] : [never]): void => {}

declare const client: FailoverClient
declare const messages: Message[]
declare const error: unknown

export async function alerting (monitor: HealthMonitor): Promise<void> {
  monitor.on('alert', slackForwarder('https://h', { groupWait: '10s', silences: [{ kind: 'latency', from: '22:00', until: '06:00' }] }))
  client.on('alert', discordForwarder('https://h')).on('alert', pagerDutyForwarder('k', { url: 'https://h' }))
  await using forwarder = webhookForwarder('https://h', { secret: 's', on: ['auth', 'quota'] })
  exactly<AlertForwarder>()(forwarder)
  client.on('forward', ({ outcome, alerts }) => exactly<'sent' | 'retry' | 'failed' | 'dropped'>()(outcome) ?? exactly<number>()(alerts))
  await client.reload({ alerts: { forward: ({ kind }) => kind, rules: { latency: false, errorRate: { threshold: 0.1 }, costThresholdExceeded: true } } })
  new HealthMonitor('k', { alerts: { pagerduty: { routingKey: 'k' } } })
}

export async function configuration (): Promise<void> {
  exactly<FailoverClient>()(FailoverClient.fromConfig())
  FailoverClient.fromConfig(new URL('file:///c.yaml'), { watch: true, maxRetries: 1 })
  exactly<void>()(await client.reload('c.yaml'))
  await client.reload(defineConfig({ apiKey: 'k', alerts: { slack: 'https://h', on: 'failover_triggered' } }))
  client.on('config', (event) => {
    exactly<ConfigChanges | undefined>()(event.changes)
    exactly<ConfigProblem[] | undefined>()(event.problems)
  })
}

export function constructors (): FailoverClient[] {
  const everything: ClientOptions = {
    apiKey: ['sk-one', () => 'sk-two', async () => 'sk-three'],
    baseURL: 'http://127.0.0.1:8080',
    endpoints: [
      'http://127.0.0.1:1/v1',
      {
        name: 'a', provider: 'anything', dialect: 'openai', apiKey: null, models: { asked: 'sent' }, priority: 1,
        headers: { 'x-team': 'a' }, healthCheck: { enabled: true, interval: '30s', url: 'http://127.0.0.1/health' },
        price: { input: 8, output: 32, cacheRead: 2 }
      }
    ],
    models: { fast: 'gpt-4.1-mini', good: ['gpt-4.1', 'deepseek/deepseek-chat'] },
    timeout: { total: '10m', connect: 500, headers: '30s', firstContent: '60s', content: '60s' },
    maxRetries: 2,
    retry: { prefer: 'same', maxRetryAfter: '5s', backoff: ['1s', '2s', 4000], budget: { ratio: 0.2, perSecond: 0.2 } },
    breaker: { failureThreshold: 3, recoveryTimeout: '5s', maxRecoveryTimeout: '60s', minimumRequests: 10, failureRatio: 0.5, window: '30s' },
    onUnavailable: 'queue',
    queue: { path: 'queue.db', maxJobs: 10, maxBytes: 1 << 20, ttl: '1d', maxDeliveries: 3, encryptionKey: Buffer.alloc(32) },
    prices: { 'gpt-4.1': { input: 8, output: 32 } },
    health: { failureThreshold: 3, checkInterval: 1, timeout: '1s', probes: ['endpoint'], historySize: 10, model: 'm', service: 's' },
    proxy: 'http://127.0.0.1:3128',
    tls: { ca: Buffer.from(''), systemCa: true },
    keyPrefix: 'sk-',
    signal: new AbortController().signal
  }
  return [new FailoverClient(), new FailoverClient('sk-key'), new FailoverClient('sk-key', { breaker: false }), new FailoverClient(everything)]
}

export function overloads (stream: boolean, options: ChatOptions, request: OpenAIChatRequest): void {
  exactly<Promise<ChatCompletion>>()(client.chatCompletion('m', 'hi'))
  exactly<Promise<ChatCompletion>>()(client.chatCompletion('m', messages, { temperature: 0 }))
  exactly<Promise<ChatCompletion>>()(client.chatCompletion('m', messages, { stream: false }))
  exactly<Promise<ChatStream>>()(client.chatCompletion('m', messages, { stream: true }))
  exactly<Promise<ChatCompletion | QueuedRequest>>()(client.chatCompletion('m', messages, { onUnavailable: 'queue' }))
  exactly<Promise<ChatStream | QueuedRequest>>()(client.chatCompletion('m', messages, { stream: true, onUnavailable: 'queue' }))
  exactly<Promise<ChatCompletion | QueuedRequest>>()(client.chatCompletion({ messages }, { onUnavailable: 'queue', timeout: 5 }))
  exactly<Promise<ChatCompletion | ChatStream>>()(client.chatCompletion('m', messages, { stream }))
  exactly<Promise<ChatCompletion | ChatStream>>()(client.chatCompletion('m', messages, options))
  exactly<Promise<ChatCompletion>>()(client.chatCompletion({ model: 'm', messages }))
  exactly<Promise<ChatCompletion>>()(client.chatCompletion({ messages, vendor_field: 1 }, { timeout: '5s', endpoints: ['a'] }))
  exactly<Promise<ChatStream>>()(client.chatCompletion({ model: 'm', messages, stream: true }, { tags: { user: 'u' } }))
  exactly<Promise<ChatCompletion | ChatStream>>()(client.chatCompletion(request))
  exactly<Promise<ChatCompletion>>()(chatCompletion('m', 'hi'))
  exactly<Promise<ChatStream>>()(chatCompletion('m', 'hi', { stream: true }))
  exactly<Promise<ChatStream>>()(chatCompletion({ messages, stream: true }))
}

export async function everyMessage (): Promise<ChatCompletion> {
  return await client.chatCompletion('m', [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'What is this?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }] },
    { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'call_1', content: 'A cat.' }
  ], {
    tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    toolChoice: { type: 'function', function: { name: 'look' } },
    responseFormat: { type: 'json_schema', json_schema: { name: 'answer', schema: {} } },
    maxTokens: 10, topP: 1, stop: ['.'], seed: 1, extraBody: { user: 'u' },
    signal: AbortSignal.timeout(1000), maxRetries: 0, fallbackModels: ['n'], onUnavailable: 'wait', idempotencyKey: 'k'
  })
}

export async function answers (completion: ChatCompletion, stream: ChatStream): Promise<Response> {
  exactly<CallReport>()(completion.report)
  exactly<Attempt[]>()(completion.report.attempts)
  exactly<Usage | null>()(completion.report.usage)
  exactly<number | null>()(completion.report.costUsd)
  exactly<string | null>()(completion.choices[0].message.content)
  for await (const chunk of stream) exactly<ChatCompletionChunk>()(chunk)
  for await (const text of stream.textStream) exactly<string>()(text)
  exactly<Promise<ChatCompletion>>()(stream.finalCompletion)
  exactly<ReadableStream<Uint8Array>>()(stream.toReadableStream())
  await using later = stream
  return later.toResponse({ status: 200 })
}

export async function state (): Promise<void> {
  exactly<EndpointStatus[]>()(client.getEndpointStatus())
  exactly<EndpointStatus | undefined>()(client.getEndpointStatus('a'))
  exactly<Record<string, ModelSummary>>()(client.getSummary())
  exactly<LatencyClass | null>()(client.getSummary().m.latencyClass)
  exactly<HealthReport>()(client.getHealthReport())
  exactly<MetricsSnapshot>()(client.metrics.snapshot())
  exactly<KeyValidation>()(await client.validateApiKey())
  {
    using _isolation = client.isolate('a')
  }
  await client.warmup()
  await client.close({ drain: '5s' })
}

export async function events (): Promise<void> {
  client
    .on('attempt', (a) => exactly<FailureReason | undefined>()(a.reason))
    .once('retry', (r) => exactly<number>()(r.delayMs))
    .addListener('failover', ({ from, to }) => exactly<string>()(from.endpoint + to.model))
    .prependListener('breaker', (b) => exactly<'closed' | 'open' | 'halfOpen'>()(b.state))
    .prependOnceListener('cooldown', (c) => exactly<number>()(c.until))
    .on('rateLimit', (r) => exactly<number | null>()(r.retryAfterMs))
    .on('healthCheck', (h) => exactly<HealthCheckResult>()(h))
    .on('alert', async (a) => exactly<AlertPayload>()(a))
    .on('authError', (e) => exactly<401 | 403>()(e.statusCode))
    .removeAllListeners('alert')
    .removeAllListeners()
  const listener = (alert: AlertPayload): void => console.log(alert.recommendedAction)
  client.off('alert', listener).removeListener('alert', listener)
  exactly<number>()(client.listenerCount('alert', listener))
  await once(client.monitor, 'alert')
}

export async function monitors (): Promise<void> {
  await using monitor = new HealthMonitor('sk-key', { failureThreshold: 3, checkInterval: 30_000, timeout: '10s', probes: ['endpoint', 'service'] })
  exactly<HealthCheckResult>()(await monitor.checkEndpointHealth())
  exactly<HealthCheckResult>()(await monitor.checkServiceAvailability('a'))
  await monitor.unref().ref().startMonitoring()
  exactly<HealthCheckResult[]>()(monitor.getHealthHistory({ endpoint: 'a', since: new Date(), limit: 10 }))
  exactly<number>()(monitor.getAvailabilityPercentage({ since: '2026-01-01' }))
  exactly<string | null>()(monitor.getOptimalModel())
  exactly<HealthMonitor>()(client.monitor)
  monitor.on('alert', (a) => exactly<'firing' | 'resolved'>()(a.status))
}

export async function resilience (): Promise<void> {
  const able = new FailoverClient({
    endpoints: [{ name: 'a', baseURL: 'http://a', limits: { rpm: 5, tpm: 100, maxConcurrency: 2 }, maxLatency: '2s', costLimitPerRequest: 0.5, contextWindow: 8_000, canContinue: true }],
    streams: { onCut: 'continue', commit: 'end' },
    hedge: { after: 'p95', maxExtraLoad: 0.1 },
    retry: { failoverOn: ['contentFilter'] },
    onUnavailable: 'fallback',
    fallbackResponse: async (request) => `sorry, ${request.messages.length}`
  })
  const stream = await able.chatCompletion('m', 'hi', { stream: true, hedge: false, streams: { onCut: 'restart' }, queuePriority: 3, onUnavailable: 'wait' })
  for await (const chunk of stream) {
    if (chunk.bellwether) exactly<'restart' | 'continue'>()(chunk.bellwether.event)
  }
  exactly<number | undefined>()(able.getEndpointStatus('a')?.rateLimit?.requests?.remaining)
}

/** Classes without members of their own are not taken for each other. */
export function narrowed (failure: FailoverError): void {
  if (RateLimitError.isInstance(failure)) exactly<'ERR_BELLWETHER_RATE_LIMIT'>()(failure.code)
  else if (failure instanceof UpstreamError) exactly<UpstreamError>()(failure)
  else exactly<FailoverError>()(failure)
}

export function errors (): FailureReason | undefined {
  if (TimeoutError.isInstance(error)) exactly<TimeoutPhase>()(error.phase)
  if (StreamInterruptedError.isInstance(error)) exactly<string>()(error.partial)
  if (ConfigError.isInstance(error)) exactly<ConfigProblem[]>()(error.problems)
  if (error instanceof AllEndpointsFailedError) {
    exactly<EndpointFailure[]>()(error.errors)
    exactly<number | undefined>()(error.earliestRetryAt)
  }
  const classes: (typeof FailoverError)[] = [
    AuthenticationError, BadRequestError, BudgetExceededError, ClientClosedError, ConnectionError, ContentFilterError, ContextLengthError, NotFoundError,
    PermissionDeniedError, QueueFullError, QuotaExceededError, RateLimitError, UpstreamError
  ]
  for (const type of classes) if (type.isInstance(error)) return error.reason
  return undefined
}

export async function queue (): Promise<void> {
  const answer = await client.chatCompletion('m', 'hi', { onUnavailable: 'queue' })
  exactly<string>()('status' in answer ? answer.id : answer.id)
  const { queue } = client
  exactly<number>()(queue.size)
  exactly<ChatCompletion>()(await queue.result('id'))
  exactly<QueuedJob[]>()(await queue.list({ state: 'dead', limit: 5, after: 'id' }))
  exactly<boolean>()(await queue.retry('id'))
  exactly<number>()(await queue.purge({ state: 'delivered', olderThan: '1d' }))
  for await (const done of queue) {
    if (done.status === 'delivered') exactly<ChatCompletion>()(done.completion)
    else exactly<FailoverError>()(done.error)
  }
  client.on('queue', ({ event, id, remaining }) => console.log(event, id, remaining))
  const { delivered, failed, remaining } = await client.retryQueuedRequests()
  console.log(delivered + failed + remaining)
}
