'use strict'

// Writes grafana/bellwether.json: `node tools/generate/grafana.js`. A test checks that the file is current, and runs
// every query.

const fs = require('node:fs')
const path = require('node:path')

const FILE = path.join(__dirname, '..', '..', 'grafana', 'bellwether.json')
const SOURCE = { type: 'prometheus', uid: '${datasource}' }
const AT = 'endpoint=~"$endpoint"'
const RATE = '[$__rate_interval]'
const STATES = { healthy: 'green', degraded: 'yellow', rate_limited: 'orange', down: 'red' }

/** @typedef {{ title: string, type?: string, unit?: string, queries: [expr: string, legend: string][], about?: string, more?: object, width?: number, height?: number }} Panel */

/** The query of a histogram's quantile. @param {string} name @param {string} matchers @param {string} by */
const quantile = (name, matchers, by, q = 0.95) => `histogram_quantile(${q}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(bellwether_${name}_seconds_bucket{${matchers}}${RATE})))`

const stat = (/** @type {string} */ title, /** @type {string} */ expr, unit = 'short', /** @type {[string, number | null][]} */ steps = [['green', null]], about = '') => ({
  title, type: 'stat', unit, about, queries: /** @type {[string, string][]} */ ([[expr, '']]), width: 4, height: 4,
  more: { fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps: steps.map(([color, value]) => ({ color, value })) } }, overrides: [] }, options: { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area' } }
})

/** @type {[string, Panel[]][]} */
const ROWS = [
  ['At a glance', [
    stat('Calls per second', `sum(rate(bellwether_requests_total${RATE}))`, 'reqps'),
    stat('Answered', `sum(rate(bellwether_requests_total{outcome="ok"}${RATE})) / sum(rate(bellwether_requests_total{outcome!="aborted"}${RATE}))`, 'percentunit', [['red', null], ['yellow', 0.99], ['green', 0.999]], 'Share of the calls that were not given up by their callers.'),
    stat('Failovers per minute', `60 * sum(rate(bellwether_failovers_total${RATE}))`, 'short', [['green', null], ['yellow', 1]]),
    stat('p95 of a call', quantile('request_duration', 'outcome="ok"', ''), 's'),
    stat('Cost per hour', `3600 * sum(rate(bellwether_cost_usd_total${RATE}))`, 'currencyUSD'),
    stat('Endpoints down', 'sum(bellwether_endpoint_state{state="down"})', 'short', [['green', null], ['red', 1]])
  ]],
  ['Calls', [
    { title: 'Calls by outcome', unit: 'reqps', queries: [[`sum by (outcome) (rate(bellwether_requests_total${RATE}))`, '{{outcome}}']] },
    { title: 'Failed calls by reason', unit: 'reqps', queries: [[`sum by (reason) (rate(bellwether_requests_total{outcome="error"}${RATE}))`, '{{reason}}']] },
    { title: 'How long calls take', unit: 's', queries: [0.5, 0.95, 0.99].map((q) => [quantile('request_duration', 'outcome="ok"', '', q), `p${q * 100}`]) },
    { title: 'Failovers', unit: 'reqps', queries: [[`sum by (from_endpoint, to_endpoint, reason) (rate(bellwether_failovers_total${RATE}))`, '{{from_endpoint}} → {{to_endpoint}}: {{reason}}']] }
  ]],
  ['Endpoints', [
    {
      title: 'States', type: 'state-timeline', queries: Object.keys(STATES).map((state, level) => [`max by (endpoint) (bellwether_endpoint_state{state="${state}", ${AT}} == 1) * ${level}`, '{{endpoint}}']), width: 24,
      more: { fieldConfig: { defaults: { mappings: [{ type: 'value', options: Object.fromEntries(Object.entries(STATES).map(([state, color], level) => [level, { text: state, color }])) }] }, overrides: [] }, options: { mergeValues: true, showValue: 'never' }, transformations: [{ id: 'merge', options: {} }] }
    },
    { title: 'Share of answers', unit: 'percentunit', queries: [[`sum by (endpoint) (rate(bellwether_attempts_total{outcome="ok"}${RATE})) / ignoring(endpoint) group_left sum(rate(bellwether_attempts_total{outcome="ok"}${RATE}))`, '{{endpoint}}']], more: { fieldConfig: { defaults: { unit: 'percentunit', max: 1, min: 0, custom: { fillOpacity: 60, stacking: { mode: 'normal' } } }, overrides: [] } } },
    { title: 'Failed requests by reason', unit: 'reqps', queries: [[`sum by (endpoint, reason) (rate(bellwether_attempts_total{outcome!~"ok|skipped", ${AT}}${RATE}))`, '{{endpoint}}: {{reason}}']] },
    { title: 'Passed over', unit: 'reqps', queries: [[`sum by (endpoint, reason) (rate(bellwether_attempts_total{outcome="skipped", ${AT}}${RATE}))`, '{{endpoint}}: {{reason}}']] },
    { title: 'Retries', unit: 'reqps', queries: [[`sum by (endpoint) (rate(bellwether_retries_total{${AT}}${RATE}))`, '{{endpoint}}']] },
    { title: 'Breakers that are not closed', queries: [[`bellwether_breaker_state{state!="closed", ${AT}} == 1`, '{{endpoint}}: {{state}}']] },
    { title: 'Cooldown left', unit: 's', queries: [[`bellwether_cooldown_remaining_seconds{${AT}}`, '{{endpoint}}']] }
  ]],
  ['Latency', [
    { title: 'First content, p95', unit: 's', queries: [[quantile('first_content', AT, 'endpoint, model'), '{{endpoint}} {{model}}']] },
    { title: 'Whole requests, p95', unit: 's', queries: [[quantile('attempt_duration', AT, 'endpoint, model'), '{{endpoint}} {{model}}']] },
    { title: 'Between pieces of content, p95', unit: 's', queries: [[quantile('content_gap', AT, 'endpoint, model'), '{{endpoint}} {{model}}']] },
    { title: 'New connections, p95', unit: 's', queries: [[quantile('connect', AT, 'endpoint'), '{{endpoint}}']] },
    { title: 'Waiting for an endpoint or a rate budget, p95', unit: 's', queries: [[quantile('queue_wait', AT, 'endpoint'), '{{endpoint}}']] }
  ]],
  ['Load and limits', [
    { title: 'Under way', queries: [['sum(bellwether_active_calls)', 'calls'], ['sum(bellwether_waiting_calls)', 'of them waiting'], ['sum(bellwether_in_flight_attempts)', 'requests']] },
    { title: 'Durable queue', queries: [['sum(bellwether_queued_jobs)', 'jobs']] },
    { title: 'Rate budget left', queries: [[`bellwether_rate_limit_remaining{${AT}}`, '{{endpoint}} {{model}}: {{kind}}']] },
    { title: 'Events dropped', queries: [[`sum(rate(bellwether_dropped_events_total${RATE}))`, 'per second']] }
  ]],
  ['Money', [
    { title: 'Cost per hour', unit: 'currencyUSD', queries: [[`3600 * sum by (endpoint, model) (rate(bellwether_cost_usd_total{${AT}}${RATE}))`, '{{endpoint}} {{model}}']] },
    { title: 'Tokens per second', queries: [[`sum by (type) (rate(bellwether_tokens_total{${AT}}${RATE}))`, '{{type}}']], about: 'Cached ones are among the input, reasoning is among the output.' },
    { title: 'Budgets spent', unit: 'percentunit', queries: [['max by (budget) (bellwether_budget_spent_usd / bellwether_budget_limit_usd)', '{{budget}}']] },
    { title: 'Answers without a price', unit: 'reqps', queries: [[`sum by (endpoint, model) (rate(bellwether_unpriced_answers_total{${AT}}${RATE}))`, '{{endpoint}} {{model}}']] }
  ]]
]

function dashboard () {
  const panels = []
  let y = 0
  for (const [title, list] of ROWS) {
    panels.push({ id: panels.length + 1, type: 'row', title, collapsed: false, gridPos: { x: 0, y: y++, w: 24, h: 1 }, panels: [] })
    let x = 0
    let row = 0
    for (const { title, type = 'timeseries', unit = 'short', queries, about = '', more = {}, width = 12, height = 8 } of list) {
      if (x + width > 24) [x, y] = [0, y + row]
      const targets = queries.map(([expr, legendFormat], i) => ({ refId: String.fromCharCode(65 + i), datasource: SOURCE, expr, legendFormat }))
      panels.push({
        id: panels.length + 1, type, title, description: about, datasource: SOURCE, gridPos: { x, y, w: width, h: height }, targets,
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] }, options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'list', placement: 'bottom' } }, ...more
      })
      row = height
      x += width
    }
    y += row
  }
  const variable = { datasource: SOURCE, type: 'query', refresh: 2, includeAll: true, multi: true, allValue: '.*', current: { text: 'All', value: '$__all' } }
  return {
    title: 'bellwether', uid: 'bellwether', schemaVersion: 39, editable: true, tags: ['llm'], refresh: '10s', timezone: '', time: { from: 'now-1h', to: 'now' }, graphTooltip: 1,
    templating: { list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
      { ...variable, name: 'endpoint', label: 'Endpoint', query: { query: 'label_values(bellwether_endpoint_state, endpoint)', refId: 'endpoint' } }
    ] },
    annotations: { list: [] },
    panels
  }
}

const text = () => JSON.stringify(dashboard(), null, 1) + '\n'

if (require.main === module) fs.writeFileSync(FILE, text())

module.exports = { dashboard, text, FILE }
