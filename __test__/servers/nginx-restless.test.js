'use strict'

// A gateway that ends connections, reloads and answers for vendors that do not: no call is lost and none sent twice.

const test = require('node:test')
const assert = require('node:assert/strict')
const { serve, openClient, ask, textOf, attemptSummary, until, faults } = require('../helpers/client')
const { pem, closedPort } = require('../network/helpers')
const { gateway } = require('./nginx')

const WAYS = [
  ['HTTP/1.1', { tls: false }],
  ['TLS', { h2: false }],
  ['HTTP/2', {}]
]

function client (t, baseURL, backup) {
  const endpoints = [{ name: 'nginx', baseURL }, ...(backup ? [{ name: 'backup', baseURL: backup.url }] : [])]
  return openClient(t, { endpoints, tls: { ca: pem('ca') }, timeout: '60s' })
}

for (const [way, options] of WAYS) {
  // Over HTTP/2 each connection refuses all but the first few of its streams: with few callers, the last is not refused
  // more often than a call without another endpoint is sent again.
  for (const [keepaliveRequests, callers] of [[1, 4], [3, 16]]) {
    test(`${way}: connections that end after ${keepaliveRequests}`, async (t) => {
      const vendor = serve(t, { name: 'vendor' })
      const { baseURL } = await gateway(t, vendor, { ...options, keepaliveRequests })
      const c = client(t, baseURL)
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(Array.from({ length: callers }, (_, i) => ask(c, { stream: i % 2 === 0 })))
        assert.ok(answers.every((answer) => textOf(answer) === 'Hello from vendor'))
      }
      assert.equal(vendor.totalHits, 5 * callers, 'nobody was asked twice')
      assert.equal(c.getEndpointStatus('nginx').breaker.consecutiveFailures, 0)
    })
  }

  test(`${way}: a reload while calls are under way`, async (t) => {
    const vendor = serve(t, { name: 'vendor' })
    const { baseURL, reload } = await gateway(t, vendor, { ...options, keepaliveRequests: 1000 })
    // A request that meets a connection as it closes may be lost, and goes to another.
    const backup = serve(t, { name: 'backup', tls: true })
    const c = client(t, baseURL, backup)
    vendor.always(faults.combine(faults.slowHeaders(20), faults.pace(10)))
    let calling = true
    const answers = []
    const caller = async (n) => {
      while (calling) answers.push(await ask(c, { stream: n % 2 === 0 }))
    }
    const callers = Array.from({ length: 12 }, (_, n) => caller(n))
    for (let i = 1; i <= 4; i++) {
      await until('more calls', () => answers.length >= i * 30)
      reload()
    }
    await until('calls after the last reload', () => answers.length >= 200)
    calling = false
    await Promise.all(callers)
    const answered = (name) => answers.filter((answer) => textOf(answer) === `Hello from ${name}`).length
    assert.equal(answered('vendor') + answered('backup'), answers.length)
    assert.ok(answered('vendor') > 100, 'the vendor answers as well')
    assert.deepEqual([vendor.totalHits, backup.totalHits], [answered('vendor'), answered('backup')], 'nobody was asked twice')
  })

  test(`${way}: its pages of 502 and 504`, async (t) => {
    const backup = serve(t, { name: 'backup', tls: true })
    const silent = serve(t)
    silent.always(faults.hang())
    for (const [status, vendor] of [[502, { origin: `http://127.0.0.1:${await closedPort()}` }], [504, silent]]) {
      const { baseURL } = await gateway(t, vendor, { ...options, directives: 'proxy_read_timeout 100ms;' })
      const c = client(t, baseURL, backup)
      for (const stream of [false, true]) {
        const { report } = await ask(c, { stream })
        assert.equal(attemptSummary(report.attempts), 'nginx:next:serverError backup:ok')
        assert.equal(report.attempts[0].status, status)
      }
      assert.equal(c.getEndpointStatus('nginx').breaker.consecutiveFailures, 2)
      const { report } = await ask(c)
      assert.equal(attemptSummary(report.attempts), 'nginx:next:serverError backup:ok')
      await until('the breaker opens', () => c.getEndpointStatus('nginx').breaker.state === 'open')
      assert.equal(attemptSummary((await ask(c)).report.attempts), 'nginx:skipped:breakerOpen backup:ok')
    }
  })
}
