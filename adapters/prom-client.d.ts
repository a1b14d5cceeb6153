import type { Registry } from 'prom-client'
import type { FailoverClient } from 'bellwether'

export interface Options {
  /** Said with every metric of this client; what tells clients of one registry apart. Default: none. */
  labels?: Record<string, string>
}

/**
 * Adds a client's metrics to a registry, so that one `/metrics` has the application's and the client's. They are read when the
 * registry is scraped. `registry.resetMetrics()` leaves them as they are.
 * @param registry Default: prom-client's global one.
 * @returns takes them out again
 * @throws {ConfigError} when another client of this registry has the same labels
 */
export function register(client: FailoverClient, registry?: Registry<any>, options?: Options): () => void
