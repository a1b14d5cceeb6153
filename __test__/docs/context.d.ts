// What examples use without declaring it: a client, and what surrounds it in a program.

import type { FailoverClient as Client, EndpointOptions, HealthMonitor, Message } from 'bellwether'
import type { Server } from 'node:http'

declare global {
  const client: Client
  const monitor: HealthMonitor
  const endpoints: EndpointOptions[]
  const messages: Message[]
  const book: string
  const server: Server
  // The AI SDK's types expect a browser's.
  type HeadersInit = ConstructorParameters<typeof Headers>[0]
}
