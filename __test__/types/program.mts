// A user's program. It is compiled for Node 20, which has no `await using` of its own, and run.

import { AllEndpointsFailedError, FailoverClient, NotFoundError } from 'bellwether'
import { createFaultServer, faults } from 'bellwether/testing'

await using down = createFaultServer({ name: 'down' }).always(faults.serverError())
await using up = createFaultServer({ name: 'up' })
const seen: string[] = []
let closed: FailoverClient
{
  await using client = new FailoverClient({
    apiKey: 'local',
    proxy: false,
    endpoints: [{ name: 'down', baseURL: down.url }, { name: 'up', baseURL: up.url }]
  })
  closed = client
  client.on('failover', ({ from, to }) => { seen.push(`${from.endpoint} to ${to.endpoint}`) })
  const answer = await client.chatCompletion('gpt-4o', 'hi')
  seen.push(answer.choices[0]?.message.content ?? '')
  await using stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  let text = ''
  for await (const part of stream.textStream) text += part
  seen.push(text)
  try {
    await client.chatCompletion({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }, { endpoints: ['down'] })
  } catch (error) {
    seen.push(AllEndpointsFailedError.isInstance(error) || NotFoundError.isInstance(error) ? 'wrong class' : String((error as Error).name))
  }
}
try {
  await closed.chatCompletion('gpt-4o', 'hi')
} catch (error) {
  seen.push((error as Error).name)
}
console.log(JSON.stringify(seen))
