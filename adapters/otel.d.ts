import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { FailoverClient } from 'bellwether'

export interface Options {
  /** Default: the global one. */
  tracerProvider?: TracerProvider
  /** Default: the global one. */
  meterProvider?: MeterProvider
  /** Whether spans hold what was asked and answered, and vendors' messages. Default `false`. */
  captureContent?: boolean
  /** Which version's names: `'latest'` (`gen_ai.provider.name`), or those up to 1.36 (`gen_ai.system`). Default `'latest'`. */
  conventions?: 'latest' | '1.36'
}

/**
 * A span for each call of a client, under the span that is active where the call is made, with a child for each request that was
 * sent; and the metrics `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`,
 * `gen_ai.client.operation.time_to_first_chunk` and `bellwether.failovers`.
 * @returns ends it
 * @throws {ConfigError} naming every problem at once
 */
export function instrument(client: FailoverClient, options?: Options): () => void
