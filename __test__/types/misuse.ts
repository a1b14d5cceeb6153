// What must not compile: each line marked here is an error, or tsc reports the mark.

import { FailoverClient, HealthMonitor, TimeoutError, chatCompletion } from 'bellwether'
import type { ChatCompletion, ChatStream, ClientOptions } from 'bellwether'

declare const client: FailoverClient
declare const monitor: HealthMonitor

export function options (): void {
  // @ts-expect-error: it is endpoints
  new FailoverClient({ endpoint: [] })
  // @ts-expect-error: it is baseURL
  new FailoverClient({ endpoints: [{ name: 'a', baseUrl: 'http://127.0.0.1' }] })
  // @ts-expect-error: only files are watched
  new FailoverClient({ watch: true })
  // @ts-expect-error: it is maxRetries
  FailoverClient.fromConfig('c.yaml', { maxRetires: 1 })
  // @ts-expect-error: an endpoint has a name
  new FailoverClient({ endpoints: [{ baseURL: 'http://127.0.0.1' }] })
  // @ts-expect-error: a price has both
  new FailoverClient({ prices: { m: { input: 1 } } })
  // @ts-expect-error: this dialect is not spoken
  new FailoverClient({ endpoints: [{ name: 'a', dialect: 'claude' }] })
  // @ts-expect-error: only false switches breakers
  new FailoverClient({ breaker: true })
  // @ts-expect-error: this word means nothing
  new FailoverClient({ onUnavailable: 'retry' })
  // @ts-expect-error: a queue has a path
  new FailoverClient({ queue: { maxJobs: 5 } })
  // @ts-expect-error: phases have names
  new FailoverClient({ timeout: { first: '1s' } })
  // @ts-expect-error: the key comes first
  new FailoverClient({}, 'sk-key')
  // @ts-expect-error: a monitor's own options stand at the top
  new HealthMonitor({ health: { failureThreshold: 1 } })
  // @ts-expect-error: there are two probes
  new HealthMonitor({ probes: ['models'] })
  // @ts-expect-error: false, or a time
  const hedged: ClientOptions = { hedge: true }
  console.log(hedged)
}

export async function calls (): Promise<void> {
  // @ts-expect-error: messages are missing
  void client.chatCompletion('m')
  // @ts-expect-error: the short form is camelCase
  void client.chatCompletion('m', 'hi', { max_tokens: 5 })
  // @ts-expect-error: misspelled
  void client.chatCompletion('m', 'hi', { temprature: 0 })
  // @ts-expect-error: the wire form's options are the call's only
  void client.chatCompletion({ messages: [] }, { temperature: 0 })
  // @ts-expect-error: no such role
  void client.chatCompletion('m', [{ role: 'robot', content: 'hi' }])
  // @ts-expect-error: a tool's message names its call
  void client.chatCompletion('m', [{ role: 'tool', content: 'hi' }])
  // @ts-expect-error: a stream is no completion
  const whole: ChatCompletion = await client.chatCompletion('m', 'hi', { stream: true })
  // @ts-expect-error: it may be queued
  console.log((await client.chatCompletion('m', 'hi', { onUnavailable: 'queue' })).choices)
  // @ts-expect-error: a text must be answered
  void client.complete('hi', { onUnavailable: 'queue' })
  // @ts-expect-error: what is being delivered is not thrown away
  void client.queue.purge({ state: 'delivering' })
  // @ts-expect-error: a completion is no stream
  const stream: ChatStream = await chatCompletion({ messages: [] })
  // @ts-expect-error: which of them it is must be asked
  console.log((await client.chatCompletion('m', 'hi', { stream: Math.random() > 0.5 })).choices)
  // @ts-expect-error: a report is read only
  whole.report = stream
}

export function events (): void {
  // @ts-expect-error: misspelled
  client.on('failovr', () => {})
  // @ts-expect-error: misspelled
  client.once('alerts', () => {})
  // @ts-expect-error: misspelled
  client.off('retries', () => {})
  // @ts-expect-error: misspelled
  client.addListener('Attempt', () => {})
  // @ts-expect-error: misspelled
  client.prependListener('braker', () => {})
  // @ts-expect-error: misspelled
  client.prependOnceListener('cooldowns', () => {})
  // @ts-expect-error: misspelled
  client.removeListener('authErrors', () => {})
  // @ts-expect-error: misspelled
  client.removeAllListeners('failovers')
  // @ts-expect-error: misspelled
  client.listenerCount('failovers')
  // @ts-expect-error: a client's event, not a monitor's
  monitor.on('failover', () => {})
  // @ts-expect-error: no such member
  client.on('failover', ({ source }) => source)
  // @ts-expect-error: the payload of another event
  client.emit('failover', { message: 'no' })
  // @ts-expect-error: listeners get one payload
  monitor.on('alert', (_alert, more: string) => more)
}

export async function state (): Promise<void> {
  // @ts-expect-error: may be undefined
  console.log(client.getEndpointStatus('a').status)
  // @ts-expect-error: an endpoint is named
  client.isolate()
  // @ts-expect-error: it is drain
  await client.close({ timeout: '5s' })
  // @ts-expect-error: may be null
  console.log(monitor.getOptimalModel().length)
  // @ts-expect-error: not a time
  monitor.getHealthHistory({ since: true })
  // @ts-expect-error: only the client's own
  client.monitor = monitor
}

export function errors (error: unknown): void {
  // @ts-expect-error: not known to be an error
  console.log(error.code)
  // @ts-expect-error: another phase
  if (TimeoutError.isInstance(error)) console.log(error.phase === 'read')
}
