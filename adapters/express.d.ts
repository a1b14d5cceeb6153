export { failover, attachEvents, type Middleware } from './node'
export type { FailoverOptions } from 'bellwether'
