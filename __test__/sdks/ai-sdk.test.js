'use strict'

// The AI SDK's own habits; what it makes of answers is in the matrix (__test__/matrix).

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { generateText } = require('ai')
const { createBellwether } = require('bellwether/ai-sdk')
const { serve, openClient, faults } = require('../helpers/client')

test('what comes to nothing is the SDK’s own error, and not tried again', async (t) => {
  const a = serve(t, { name: 'A' })
  a.always(faults.badRequest())
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }] })
  await assert.rejects(
    generateText({ model: createBellwether(client)('gpt-4o'), prompt: 'hi', maxRetries: 0 }),
    (error) => error.name === 'AI_APICallError' && error.statusCode === 400
  )
  assert.equal(a.totalHits, 1)
})
