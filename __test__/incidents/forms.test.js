'use strict'

// The other forms of a report have its figures, and no name breaks out of them.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { withFormatters } = require('../../lib/monitor/incident-report')

const NASTY = 'a|b`<img src=x onerror=alert(1)>&"\'\u0007\u001b[2J\u202e\nnew'
const at = (ms) => new Date(ms).toISOString()

function report (more = {}) {
  return withFormatters({
    id: 'inc-1-1', status: 'closed', startedAt: at(0), endedAt: at(15_780_000), durationMs: 15_780_000, detectionMs: 12.4, recoveryMs: 840,
    endpoints: [{ name: NASTY, models: ['gpt-4o'], failures: 3, reasons: { serverError: 2, connect: 1 }, firstFailureAt: at(1), lastFailureAt: at(2), outAt: at(3), backAt: null, statusPage: [{ at: at(4), indicator: 'minor', words: 'Elevated errors' }] }],
    requests: 847_293, failed: 2_542, failedShare: 0.003, rescued: 300_000, queued: 7, fallback: 0, affectedUsers: 10_000,
    latencyMs: { before: 45, during: 67.4, after: null }, extraCostUsd: null, unpricedAnswers: 12,
    withoutFailover: { requests: 847_293, failed: 302_542, failedShare: 0.357, recoveryMs: 15_780_000, affectedUsers: 10_000 }, mostUsersCounted: 10_000,
    timeline: [
      { at: at(1), afterMs: 1, what: 'failed', endpoint: NASTY, model: 'gpt-4o', reason: 'serverError' },
      { at: at(2), afterMs: 840, what: 'rescued', endpoint: 'b', model: 'm', reason: 'serverError' },
      { at: at(3), afterMs: 900, what: 'lost', reason: 'timeoutTotal' },
      { at: at(4), afterMs: 15_780_000, what: 'over' }
    ],
    untoldMoments: 3,
    series: { stepMs: 100, answered: [1, 0, 5], rescued: [0, 9, 1], failed: [0, 2, 0], withoutFailoverFailed: [0, 11, 1] },
    ...more
  })
}

test('text', () => {
  const text = String(report())
  for (const line of [
    'Incident inc-1-1 (closed): 1970-01-01T00:00:00.000Z until 1970-01-01T04:23:00.000Z, 4 h 23 min 0 s',
    '  requests in the window  847,293', '2,542 (0.3 %)', '302,542 (35.7 %)', 'queued for later', '10,000 or more',
    'not known (12 answers without a price)', '2 × serverError, 1 × connect', 'has not answered since; its status page: minor: Elevated errors', 'a call is lost: timeoutTotal', '(and 3 more)'
  ]) assert.ok(text.includes(line), `${line}\nis not in\n${text}`)
  assert.ok(!text.includes('answered with the fallback'))
})

test('Markdown, which no name breaks', () => {
  const markdown = report().toMarkdown()
  assert.ok(!/<img/.test(markdown.replaceAll('\\<', '')), markdown)
  for (const line of markdown.split('\n').filter((l) => l.startsWith('|'))) assert.equal(line.replaceAll('\\|', '').split('|').length, 5, line)
})

test('no name steers a terminal, or ends a line', () => {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  for (const form of [String(report()), report().toMarkdown()]) assert.doesNotMatch(form, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\nnew/)
})

test('SVG: a document, which no name breaks', () => {
  const svg = report().toSvg()
  assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"') && svg.endsWith('</svg>\n'))
  assert.ok(!svg.includes('<img') && !svg.includes('\u0007') && !/NaN|undefined|Infinity/.test(svg), svg)
  assert.equal(svg.match(/<(polygon|polyline|text|line|rect|title|style|svg)/g).length, svg.match(/(<\/(text|title|style|svg)>|\/>)/g).length)
})

test('one without calls or with a single step is drawn as well', () => {
  for (const series of [{ stepMs: 50, answered: [], rescued: [], failed: [], withoutFailoverFailed: [] }, { stepMs: 50, answered: [0], rescued: [0], failed: [0], withoutFailoverFailed: [0] }]) {
    assert.ok(!/NaN|undefined|Infinity/.test(report({ series, timeline: [] }).toSvg()))
  }
})

test('the forms are not enumerable, and the report is plain data', () => {
  const one = report()
  assert.deepEqual(Object.keys(one), Object.keys(JSON.parse(JSON.stringify(one))))
})
