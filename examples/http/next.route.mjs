// Next: this file is app/ai/[...path]/route.js. In next.config.mjs: serverExternalPackages: ['bellwether'], for a native
// addon is loaded, not bundled.
import { FailoverClient } from 'bellwether'
import { failover } from 'bellwether/next'

// One for the process, also when the development server loads this file again. By bellwether.yaml, or keys of the environment.
const client = globalThis.bellwether ??= new FailoverClient()

export const dynamic = 'force-dynamic'
export const { GET, HEAD, POST, DELETE, OPTIONS } = failover(client, {
  base: '/ai',
  proxy: true,
  events: true,
  dashboard: true,
  authorize: ({ headers }) => headers.get('authorization') === `Bearer ${process.env.TOKEN}`
})
