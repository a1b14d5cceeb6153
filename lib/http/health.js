'use strict'

// Answers health checks: liveness, readiness, and the state of endpoints. These responses are public: they hold names
// and states, but no addresses and no vendor messages.

const { version } = require('../../package.json')
const { isClosing } = require('../util/shutdown')

/** States of endpoints in application/health+json. @type {Record<string, 'pass' | 'warn' | 'fail'>} */
const STATUSES = { healthy: 'pass', degraded: 'warn', rate_limited: 'warn', down: 'fail' }
const ANSWERING = ['healthy', 'degraded']

/** @param {Request} request */
function livez (request) {
  return healthResponse(request, 200, 'pass', 'ok')
}

/**
 * @param {Request} request
 * @param {import('../..').FailoverClient} client
 * @param {{ draining: boolean, vendors: boolean }} asks
 */
function readyz (request, client, { draining, vendors }) {
  if (draining || isClosing(client)) return healthResponse(request, 503, 'fail', 'closing')
  if (vendors && !canAnswer(client)) return healthResponse(request, 503, 'fail', 'no endpoint can answer')
  return healthResponse(request, 200, 'pass', 'ok')
}

/** @param {import('../..').FailoverClient} client */
function canAnswer (client) {
  return client.getEndpointStatus().some(({ status }) => ANSWERING.includes(status))
}

/**
 * @param {Request} request
 * @param {number} status
 * @param {'pass' | 'fail'} word
 * @param {string} output
 */
function healthResponse ({ headers }, status, word, output) {
  const json = /\bapplication\/(?:json|health\+json|\*)/.test(headers.get('accept') ?? '')
  const [type, body] = json
    ? ['application/json', JSON.stringify({ status: word, output })]
    : ['text/plain; charset=utf-8', `${output}\n`]
  /** @type {Record<string, string>} */
  const more = status === 503 ? { 'retry-after': '5' } : {}
  return new Response(body, { status, headers: { 'content-type': type, 'cache-control': 'no-store', vary: 'accept', 'x-content-type-options': 'nosniff', ...more } })
}

/**
 * Implements the draft "Health Check Response Format for HTTP APIs" (draft-inadarei-api-health-check-06).
 * @param {import('../..').FailoverClient} client
 */
function health (client) {
  const time = new Date().toISOString()
  const endpoints = client.getEndpointStatus()
  /** @type {Record<string, object[]>} */
  const checks = Object.create(null)
  for (const { name, status, lastError, latencyMs } of endpoints) {
    const word = STATUSES[status] ?? 'warn'
    const failure = word !== 'pass' && lastError !== null ? { output: lastError.reason } : {}
    const component = { componentId: name, componentType: 'component' }
    checks[`${name}:state`] = [{ ...component, observedValue: status, status: word, time, ...failure }]
    if (latencyMs.samples > 0) checks[`${name}:responseTime`] = [{ ...component, observedValue: latencyMs.p95, observedUnit: 'ms', status: 'pass', time }]
  }
  const closing = isClosing(client)
  const answering = endpoints.some(({ status }) => ANSWERING.includes(status))
  const status = closing || !answering ? 'fail' : endpoints.every((one) => one.status === 'healthy') ? 'pass' : 'warn'
  const output = closing ? 'closing' : answering ? undefined : 'no endpoint can answer'
  const body = { status, version: version.split('.')[0], releaseId: version, description: 'bellwether', output, checks }
  return new Response(JSON.stringify(body), {
    status: status === 'fail' ? 503 : 200,
    headers: { 'content-type': 'application/health+json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  })
}

module.exports = { livez, readyz, health }
