'use strict'

// HTTP/2 and TLS of an independent server.

const test = require('node:test')
const assert = require('node:assert/strict')
const { FailoverClient } = require('../..')
const { createFaultServer, faults } = require('../../testing')
const { gateway } = require('./nginx')

test('calls and streams over HTTP/2, through GOAWAY every twenty requests and eight streams at a time', async (t) => {
  const vendor = createFaultServer({ name: 'behind nginx' })
  t.after(() => vendor.close())
  const { baseURL } = await gateway(t, vendor)
  const ca = createFaultServer({ tls: true })
  t.after(() => ca.close())
  const client = new FailoverClient({ endpoints: [{ name: 'nginx', baseURL, apiKey: 'k' }], tls: { ca: ca.ca } })
  t.after(() => client.close({ drain: 0 }))
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(client, i % 2 === 0)))
  assert.deepEqual(new Set(answers), new Set(['Hello from behind nginx']))
  assert.equal(vendor.totalHits, 200, 'nobody was asked twice')
})

test('a gateway that answers 502 for a dead vendor is left for another', async (t) => {
  const vendor = createFaultServer()
  const backup = createFaultServer({ name: 'backup', tls: true })
  t.after(() => Promise.all([vendor.close(), backup.close()]))
  const { baseURL } = await gateway(t, vendor)
  const client = new FailoverClient({
    endpoints: [{ name: 'nginx', baseURL, apiKey: 'k' }, { name: 'backup', baseURL: backup.url, apiKey: 'k' }],
    tls: { ca: backup.ca }
  })
  t.after(() => client.close({ drain: 0 }))
  vendor.stop()
  const answer = await client.chatCompletion('gpt-4o', 'hi')
  assert.equal(answer.choices[0].message.content, 'Hello from backup')
  assert.equal(answer.report.attempts[0].status, 502)
  assert.equal(answer.report.attempts[0].reason, 'serverError')
  vendor.start()
  vendor.script(faults.healthy())
})

async function ask (client, stream) {
  const answer = await client.chatCompletion('gpt-4o', 'hi', { stream })
  if (!stream) return answer.choices[0].message.content
  let text = ''
  for await (const piece of answer.textStream) text += piece
  return text
}
