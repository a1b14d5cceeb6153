import type { Registry } from 'prom-client'
import type { FailoverClient } from 'bellwether'

export interface Options {
  /** Added to every metric of this client; they distinguish the clients of one registry. Default: none. */
  labels?: Record<string, string>
}

/**
 * Adds a client's metrics to a registry, so that one `/metrics` has the application's and the client's. They are read
 * when the registry is scraped. `registry.resetMetrics()` does not reset them.
 * @param registry Default: prom-client's global registry.
 * @returns a function that removes them
 * @throws {ConfigError} if another client of this registry has the same labels
 */
export function register(client: FailoverClient, registry?: Registry<any>, options?: Options): () => void
