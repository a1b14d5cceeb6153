import { FailoverClient } from 'bellwether'
import { failover } from 'bellwether/next'

const client = new FailoverClient({ proxy: false, endpoints: [{ name: 'A', baseURL: process.env.VENDOR, apiKey: null }] })

export const dynamic = 'force-dynamic'
export const { GET, HEAD, POST, DELETE, OPTIONS } = failover(client, { base: '/ai', proxy: true, events: true, dashboard: true, authorize: 'none' })
