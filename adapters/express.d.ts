import type { IncomingMessage } from 'node:http'
import type { FailoverOptions as Options } from 'bellwether'

export { failover, attachEvents, type Middleware } from './node'
export type FailoverOptions = Options<IncomingMessage>
