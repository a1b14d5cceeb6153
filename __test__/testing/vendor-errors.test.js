'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { chat, faults, serve } = require('./helpers')

const EXPECTED = {
  rateLimited: [429, 'requests', 'rate_limit_exceeded', /Rate limit reached for gpt-4o .*\(RPM\)/],
  slowDown: [429, 'rate_limit_error', 'slow_down', /./],
  tooLargeForLimit: [429, 'tokens', 'rate_limit_exceeded', /^Request too large for gpt-4o .*\(TPM\)/],
  quota: [429, 'insufficient_quota', 'insufficient_quota', /exceeded your current quota/],
  insufficientBalance: [402, 'unknown_error', 'invalid_request_error', /Insufficient Balance/],
  overloaded: [503, 'service_unavailable_error', 'server_is_overloaded', /overloaded/],
  serverError: [500, 'server_error', null, /had an error/],
  unavailable: [503, 'server_error', null, /./],
  gatewayTimeout: [504, 'server_error', null, /./],
  requestTimeout: [408, 'timeout', null, /./],
  conflict: [409, 'conflict', null, /./],
  auth: [401, 'invalid_request_error', 'invalid_api_key', /Incorrect API key provided/],
  permission: [403, 'request_forbidden', 'unsupported_country_region_territory', /./],
  notFound: [404, 'invalid_request_error', 'model_not_found', /`gpt-4o` does not exist/],
  badRequest: [400, 'invalid_request_error', null, /./],
  unsupportedParameter: [400, 'invalid_request_error', 'unsupported_parameter', /'max_tokens'/],
  unprocessable: [422, 'invalid_request_error', null, /./],
  tooLarge: [413, 'invalid_request_error', null, /./],
  contextLength: [400, 'invalid_request_error', 'context_length_exceeded', /maximum context length is 128000 tokens/],
  contentFilter: [400, 'invalid_request_error', 'content_policy_violation', /safety system/],
}

for (const [kind, [status, type, code, message]] of Object.entries(EXPECTED)) {
  test(`${kind} has the vendor’s status and body, streamed or not`, async (t) => {
    const server = serve(t)
    server.always(faults[kind]())
    for (const stream of [false, true]) {
      const response = await chat(server, { stream })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('content-type'), 'application/json')
      const { error } = await response.json()
      assert.deepEqual([error.type, error.code], [type, code])
      assert.ok('param' in error)
      assert.match(error.message, message)
    }
    assert.equal(server.hits()[0].fault, kind)
  })
}

test('an error can be reworded', async (t) => {
  const server = serve(t)
  server.script(faults.quota({ code: 'project_spend_limit_exceeded', message: 'spent', status: 403, headers: { 'x-should-retry': 'false' } }))
  const response = await chat(server)
  assert.deepEqual([response.status, response.headers.get('x-should-retry')], [403, 'false'])
  assert.deepEqual((await response.json()).error, { message: 'spent', type: 'insufficient_quota', param: null, code: 'project_spend_limit_exceeded' })
})

test('every form of Retry-After', async (t) => {
  const server = serve(t)
  const told = async (as, after = '1898ms', extra = {}) => {
    server.script(faults.combine(faults.rateLimited(), faults.retryAfter(after, { as, ...extra })))
    const response = await chat(server)
    return { headers: response.headers, error: (await response.json()).error }
  }
  assert.equal((await told('seconds')).headers.get('retry-after'), '2')
  assert.equal((await told('float')).headers.get('retry-after'), '1.898')
  assert.equal((await told('ms')).headers.get('retry-after-ms'), '1898')
  assert.equal((await told('body')).error.retry_after, 1.898)
  assert.deepEqual((await told('retryInfo', '34.4s')).error.details, [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }])
  assert.match((await told('text')).error.message, /Requested 1\. Please try again in 1\.898s\. Visit/)
  assert.match((await told('text', '120ms')).error.message, /in 120ms\./)
  assert.match((await told('text', '6m')).error.message, /in 6m0s\./)
  const both = await told(['ms', 'seconds'])
  assert.ok(both.headers.has('retry-after') && both.headers.has('retry-after-ms'))
})

test('a date follows the server’s own clock', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.overloaded(), faults.retryAfter('1m', { as: 'date', clockSkew: '-1h' })))
  const { headers } = await chat(server)
  const [date, until] = [Date.parse(headers.get('date')), Date.parse(headers.get('retry-after'))]
  assert.equal(until - date, 60_000)
  assert.ok(Math.abs(Date.now() - 3_600_000 - date) < 60_000)
})

test('the hint is an option of every error', async (t) => {
  const server = serve(t)
  const fault = faults.overloaded({ retryAfter: '2s', as: ['float', 'body'] })
  server.script(fault, fault)
  for (let i = 0; i < 2; i++) {
    const response = await chat(server)
    assert.equal(response.headers.get('retry-after'), '2')
    assert.equal((await response.json()).error.retry_after, 2)
  }
})
