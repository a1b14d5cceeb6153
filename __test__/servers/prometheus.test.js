'use strict'

// A real Prometheus reads both formats, promtool finds nothing, and every panel of the dashboard has an answer.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { setup, ask, faults, until } = require('../helpers/client')
const { folder } = require('./helpers')
const { lint, prometheus } = require('./prometheus')
const grafana = require('../../tools/generate/grafana')

/** A client with samples in every family. */
async function lively (t, { servers = 2, ...options } = {}) {
  const made = setup(t, {
    servers, onUnavailable: 'error', queue: { path: `${folder(t)}/jobs.db` }, budgets: [{ name: 'all', limit: 5, per: 'day' }],
    endpoint: () => ({ limits: { rpm: 6_000 }, price: { input: 1, output: 2 } }), ...options
  })
  const { client, a } = made
  await client.queue.ready
  const usage = { stream_options: { include_usage: true } }
  a.script(faults.serverError())
  await ask(client)
  for (let i = 0; i < 3; i++) await ask(client, { stream: true, extraBody: usage })
  a.script(faults.rateLimited({ retryAfter: '30s' }))
  await ask(client)
  return made
}

test('promtool has no complaints about the text', async (t) => {
  const { client } = await lively(t)
  assert.deepEqual(lint(client.metrics.text()), { status: 0, said: '' })
})

/** It takes Prometheus five seconds to find out what to scrape. */
function scraped (server) {
  return until('a scrape', async () => (await server.query('up')).some((s) => s.value[1] === '1'), 30_000)
}

for (const format of ['prometheus', 'openmetrics']) {
  test(`Prometheus scrapes ${format}, and adds up what was counted`, async (t) => {
    const { client, a, b } = await lively(t)
    const server = await prometheus(t, () => ({ type: client.metrics.contentTypes[format], text: client.metrics.text(format) }))
    await scraped(server)
    const value = async (expr) => Number((await server.query(expr))[0]?.value[1])
    assert.equal(await value('sum(bellwether_requests_total{outcome="ok"})'), 5)
    assert.equal(await value('sum(bellwether_attempts_total{outcome!="skipped"})'), a.totalHits + b.totalHits)
    assert.equal(await value('bellwether_failovers_total{reason="serverError"}'), 1)
    assert.equal(await value('bellwether_endpoint_state{endpoint="A",state="rate_limited"}'), 1)
    assert.equal(await value('bellwether_request_duration_seconds_bucket{outcome="ok",le="+Inf"}'), 5)
    assert.equal(await value('sum(bellwether_request_duration_seconds_count)'), 5)
    assert.ok(await value('histogram_quantile(0.95, sum by (le) (bellwether_first_content_seconds_bucket))') > 0)
    const cost = client.costs.report().total.costUsd
    assert.ok(Math.abs(await value('sum(bellwether_cost_usd_total)') - cost) < 1e-9)
    assert.equal((await server.target()).lastError, '')
  })
}

test('the dashboard is what its script writes, and each of its queries has an answer', async (t) => {
  assert.equal(fs.readFileSync(grafana.FILE, 'utf8'), grafana.text())
  const { client, a, b } = await lively(t, { breaker: { failureThreshold: 2, recoveryTimeout: 300, maxRecoveryTimeout: 300 } })
  const server = await prometheus(t, () => ({ type: client.metrics.contentType, text: client.metrics.text() }))
  const queries = grafana.dashboard().panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => [panel.title, expr]))
  assert.ok(queries.length > 25)
  const filled = (expr) => expr.replaceAll('$__rate_interval', '10s').replaceAll('$endpoint', '.*')
  // What is not so in health: an endpoint in each state, a breaker that is not closed, calls that fail, retries.
  const plays = [
    () => {},
    () => { a.always(faults.serverError()); b.always(faults.serverError()) },
    () => { a.always(); b.always(); b.dropConnections() },
    () => { b.always(faults.rateLimited({ retryAfter: '3s' })); a.always(faults.serverError()) }
  ]
  await scraped(server)
  const unanswered = new Map(queries.map(([title, expr]) => [expr, title]))
  let play = 0
  let since = 0
  await until('an answer to each query', async () => {
    if (Date.now() - since > 1_500) {
      plays[play++ % plays.length]()
      since = Date.now()
    }
    await ask(client, { stream: true, extraBody: { stream_options: { include_usage: true } } }).catch(() => {})
    for (const expr of [...unanswered.keys()]) {
      const result = await server.query(filled(expr))
      if (result.some((s) => s.value[1] !== 'NaN')) unanswered.delete(expr)
    }
    if (play > 30) assert.fail(JSON.stringify([...unanswered.keys()]))
    return unanswered.size === 0
  }, 60_000)
})
