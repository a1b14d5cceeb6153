import { FailoverClient } from 'bellwether'
import { createFaultServer, faults } from 'bellwether/testing'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const vendor = createFaultServer({ name: 'vendor' }) // simulated, on this machine
const client = new FailoverClient({
  endpoints: [{ name: 'vendor', baseURL: vendor.url, apiKey: 'local', model: 'gpt-4.1' }],
  queue: { path: join(mkdtempSync(join(tmpdir(), 'bellwether-')), 'queue.db') }
})
client.on('queue', ({ event, remaining }) => console.log(`${event}, ${remaining} left`))

vendor.always(faults.unavailable()) // the vendor goes down

const answer = await client.chatCompletion('gpt-4.1', 'Summarize this, when you can', { onUnavailable: 'queue' })

vendor.always() // the vendor is healthy again

if ('status' in answer) {
  console.log(answer.status)
  const summary = await client.queue.result(answer.id) // here, or after a restart
  console.log(summary.choices[0]?.message.content)
}

await client.close()
await vendor.close()
