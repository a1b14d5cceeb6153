import { FailoverClient } from 'bellwether'
import { createFaultServer, faults } from 'bellwether/testing'

// Two simulated vendors on this machine. For real vendors, give a provider and a key instead of baseURL.
const primary = createFaultServer({ name: 'primary' })
const backup = createFaultServer({ name: 'backup' })

const client = new FailoverClient({
  endpoints: [
    { name: 'primary', baseURL: primary.url, apiKey: 'local', model: 'gpt-4.1' },
    { name: 'backup', baseURL: backup.url, apiKey: 'local', model: 'deepseek-chat' }
  ]
})
client.on('failover', ({ from, to, reason }) => console.log(`${from.endpoint} → ${to.endpoint}: ${reason}`))

primary.always(faults.overloaded()) // the primary vendor goes down

const answer = await client.chatCompletion('gpt-4.1', 'Who answers?')
console.log(answer.choices[0]?.message.content)
console.log(answer.report.attempts.map(({ endpoint, outcome }) => `${endpoint}: ${outcome}`))

const stream = await client.chatCompletion('gpt-4.1', 'And streamed?', { stream: true })
for await (const text of stream.textStream) process.stdout.write(text)
console.log()

await client.close()
await Promise.all([primary.close(), backup.close()])
