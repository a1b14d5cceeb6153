'use strict'

// MSW on our exchanges, by `transport: 'fetch'`.
// In a file of its own: two that replace the global fetch cannot share a process.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setupServer } = require('msw/node')
const { http, HttpResponse } = require('msw')
const { KEY, openClient, ask } = require('../helpers/client')

const completion = (text) => ({ id: 'x', object: 'chat.completion', model: 'gpt-4o', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] })
const events = (...texts) => [...texts.map((content, i) => ({ choices: [{ index: 0, delta: { ...(i === 0 && { role: 'assistant' }), content }, finish_reason: null }] })), { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }]
  .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).concat('data: [DONE]\n\n')
const ENDPOINTS = [{ name: 'A', baseURL: 'https://a.example/v1' }, { name: 'B', baseURL: 'https://b.example/v1' }]

test('MSW: answers, streams, errors and lost connections', async (t) => {
  const texts = ['one', ' ', 'two 😀']
  const server = setupServer(
    http.post('https://a.example/v1/chat/completions', () => HttpResponse.error()),
    http.post('https://b.example/v1/chat/completions', async ({ request }) => {
      assert.equal(request.headers.get('authorization'), `Bearer ${KEY}`)
      const { stream } = await request.json()
      return stream ? new HttpResponse(events(...texts).join(''), { headers: { 'content-type': 'text/event-stream' } }) : HttpResponse.json(completion('intercepted'))
    }))
  server.listen({ onUnhandledRequest: 'error' })
  t.after(() => server.close())
  const client = openClient(t, { endpoints: ENDPOINTS, transport: 'fetch' })
  const answer = await ask(client)
  assert.equal(answer.choices[0].message.content, 'intercepted')
  assert.equal(answer.report.endpoint, 'B')
  assert.equal((await ask(client, { stream: true })).choices[0].message.content, texts.join(''))
})
