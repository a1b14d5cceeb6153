'use strict'

// nock on our exchanges, by `transport: 'fetch'`.
// In a file of its own: two that replace the global fetch cannot share a process.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const nock = require('nock')
const { openClient, ask, attemptSummary } = require('../helpers/client')

const completion = (text) => ({ id: 'x', object: 'chat.completion', model: 'gpt-4o', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] })
const ENDPOINTS = [{ name: 'A', baseURL: 'https://a.example/v1' }, { name: 'B', baseURL: 'https://b.example/v1' }]

test('nock: a retry after what it replies first', async (t) => {
  t.after(() => nock.cleanAll())
  nock('https://a.example').post('/v1/chat/completions').reply(429, { error: { message: 'slow down' } }, { 'retry-after': '1' })
  nock('https://b.example').post('/v1/chat/completions', (body) => body.model === 'gpt-4o').reply(200, completion('by nock'))
  const answer = await ask(openClient(t, { endpoints: ENDPOINTS, transport: 'fetch' }))
  assert.equal(answer.choices[0].message.content, 'by nock')
  assert.equal(attemptSummary(answer.report.attempts), 'A:next:rateLimited B:ok')
  assert.ok(nock.isDone())
})
