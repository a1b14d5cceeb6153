'use strict'

// What the page and `bellwether top` know, without either: time is an argument.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setup } = require('../helpers/client')
const { Feed } = require('../../lib/http/events/feed')

const model = import('../../dashboard/model.mjs')
const format = import('../../dashboard/format.mjs')

/** How a real client stands, with figures of a test's own. */
function stand (t, { servers = 2 } = {}) {
  const base = JSON.stringify(Feed.of(setup(t, { servers }).client).data())
  return (now, calls, totals = {}) => {
    const data = JSON.parse(base)
    Object.assign(data.calls, calls)
    for (const one of data.endpoints) one.totalRequests = totals[one.name] ?? 0
    return { ...data, timestamp: new Date(now).toISOString() }
  }
}
const attempt = (endpoint, durationMs) => ({ endpoint, durationMs, outcome: 'ok' })

test('figures are of the last minute, and of differences', async (t) => {
  const { createModel } = await model
  const at = stand(t)
  const m = createModel()
  assert.equal(m.headline(0).perSecond, null)
  m.data(at(0, { ok: 1_000 }, { A: 900, B: 100 }), 0)
  assert.equal(m.headline(0).perSecond, null)
  m.data(at(10_000, { ok: 1_090, error: 10, failovers: 7, costUsd: 1 }, { A: 975, B: 125 }), 10_000)
  for (let ms = 1; ms <= 100; ms++) m.event('attempt', attempt('A', ms), 10_000)
  assert.deepEqual(m.headline(10_000), { perSecond: 10, success: 0.9, failovers: 7, perHour: 360, p95: 95 })
  assert.deepEqual([m.share('A', 10_000), m.share('B', 10_000)], [0.75, 0.25])
  m.data(at(100_000, { ok: 1_090, error: 10, failovers: 7, costUsd: 1 }, { A: 975, B: 125 }), 100_000)
  m.data(at(102_000, { ok: 1_090, error: 10, failovers: 7, costUsd: 1 }, { A: 975, B: 125 }), 102_000)
  assert.deepEqual(m.headline(102_000), { perSecond: 0, success: null, failovers: 0, perHour: 0, p95: null })
})

test('a process that begins anew counts from zero, and no rate is negative', async (t) => {
  const { createModel } = await model
  const at = stand(t)
  const m = createModel()
  m.data(at(0, { ok: 5_000, costUsd: 9 }, { A: 5_000 }), 0)
  m.data(at(2_000, { ok: 10 }, { A: 10 }), 2_000)
  assert.equal(m.points.length, 1)
  m.data(at(4_000, { ok: 30 }, { A: 30 }), 4_000)
  assert.equal(m.headline(4_000).perSecond, 10)
  assert.equal(m.points.at(-1).samples.get('A').perSecond, 10)
})

test('frequent polling yields rates, too', async (t) => {
  const { createModel } = await model
  const at = stand(t)
  const m = createModel()
  for (let now = 0; now <= 2_000; now += 100) m.data(at(now, { ok: now / 100 }), now)
  assert.equal(m.headline(2_000).perSecond, 10)
  assert.ok(m.points.length <= 6, String(m.points.length))
})

test('a week of points, events and attempts stays as large as its bounds', async (t) => {
  const { createModel, MAX_LINES, MAX_POINTS, SPAN_MS } = await model
  const at = stand(t)
  const m = createModel()
  for (let i = 0; i < 5_000; i++) {
    const now = i * 120_960
    m.data(at(now, { ok: i }, { A: i }), now)
    for (let n = 0; n < 20; n++) m.event('attempt', attempt(n % 2 ? 'A' : `gone ${i} ${n}`, n), now)
    m.event('config', { message: `line ${i}` }, now)
  }
  for (let i = 0; i < 3_000; i++) m.data(at(604_800_000 + i * 600, { ok: 5_000 + i }), 604_800_000 + i * 600)
  assert.ok(m.points.length <= MAX_POINTS && m.points[0].t >= m.points.at(-1).t - SPAN_MS)
  assert.equal(m.lines.length, MAX_LINES)
  assert.ok(m.sizes.durations <= 2 * 2_000, String(m.sizes.durations))
})

test('the same that happens again at once is counted, and what would only fill the feed is left out', async (t) => {
  const { createModel } = await model
  t.diagnostic('failovers of one kind are one line')
  const m = createModel()
  const moved = { from: { endpoint: 'A', model: 'm' }, to: { endpoint: 'B', model: 'm' }, reason: 'serverError', status: 503 }
  for (let i = 0; i < 5; i++) m.event('failover', moved, i)
  m.event('failover', moved, 60_000)
  m.event('healthCheck', { status: 'UP', name: 'A' }, 1)
  m.event('forward', { outcome: 'sent' }, 1)
  m.event('something new', {}, 1)
  assert.deepEqual(m.lines.map(({ text, times }) => `${text} ${times}`), ['A (m) → B (m): server error, HTTP 503 1', 'A (m) → B (m): server error, HTTP 503 5'])
})

test('alerts: the latest word on each, what fires first', async () => {
  const { currentAlerts } = await model
  const alert = (fingerprint, status, severity, startsAt) => ({ fingerprint, status, severity, startsAt })
  const told = currentAlerts([
    alert('a', 'firing', 'warning', '2026-01-01T00:00:00Z'), alert('b', 'firing', 'critical', '2026-01-01T00:00:00Z'),
    alert('c', 'firing', 'warning', '2026-01-02T00:00:00Z'), alert('a', 'resolved', 'warning', '2026-01-01T00:00:00Z')
  ])
  assert.deepEqual(told.map(({ fingerprint, status }) => `${fingerprint} ${status}`), ['b firing', 'c firing', 'a resolved'])
})

test('figures have units, and are never rounded to all or to none', async () => {
  const { formatPercent, formatDuration, formatUsd, formatRate, formatRemaining, sanitize } = await format
  const table = [
    [formatPercent, [[null, '–'], [0, '0 %'], [0.0001, '< 0.1 %'], [0.05, '5.0 %'], [0.5, '50 %'], [0.99999, '99.99 %'], [1, '100 %']]],
    [formatDuration, [[null, '–'], [0.5, '0.5 ms'], [840, '840 ms'], [1_240, '1.24 s'], [12_340, '12.3 s'], [252_000, '4 min 12 s'], [7_380_000, '2 h 3 min'], [200_000_000, '2 d 7 h']]],
    [formatUsd, [[null, '–'], [0, '$0.00'], [0.000042, '$0.000042'], [0.05, '$0.050'], [1234.5, '$1,234.50'], [-2, '−$2.00']]],
    [formatRate, [[null, '–'], [0, '0'], [0.25, '0.25'], [1.5, '1.5'], [1_203.4, '1,203']]],
    [formatRemaining, [[900, '1 s'], [59_001, '60 s'], [90_000, '1 min 30 s']]],
    [sanitize, [['a\u001b[2Jb', 'a�[2Jb'], ['\u202egnp', '�gnp'], ['x'.repeat(200), `${'x'.repeat(119)}…`], ['😀', '😀'], [undefined, 'undefined']]]
  ]
  for (const [form, cases] of table) for (const [given, wanted] of cases) assert.equal(form(given).replaceAll('\u00a0', ' '), wanted)
})
