import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { FailoverClient } from 'bellwether'

export interface Options {
  /** Default: the global provider. */
  tracerProvider?: TracerProvider
  /** Default: the global provider. */
  meterProvider?: MeterProvider
  /** Whether spans contain prompts, answers and vendors' error messages. Default `false`. */
  captureContent?: boolean
  /**
   * The version of the conventions: `'latest'` (`gen_ai.provider.name`), or up to 1.36 (`gen_ai.system`). Default
   * `'latest'`.
   */
  conventions?: 'latest' | '1.36'
}

/**
 * Creates a span for each call of a client, as a child of the active span, with a child span for each request that was
 * sent; and records the metrics `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`,
 * `gen_ai.client.operation.time_to_first_chunk` and `bellwether.failovers`.
 * @returns a function that stops it
 * @throws {ConfigError} with every invalid option
 */
export function instrument(client: FailoverClient, options?: Options): () => void
