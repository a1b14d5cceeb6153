'use strict'

// `bellwether/prom-client`: a client's metrics in a registry of prom-client's, beside the application's own.

const { ofProblems } = require('../lib/util/errors')
const { isObject, what } = require('../lib/util/serialize-options')

/** What labels say of a series: one of another's would be lost behind it. */
const OURS = [
  'endpoint', 'provider', 'model', 'operation', 'outcome', 'reason', 'state', 'type', 'kind', 'budget', 'period', 'forwarder', 'version', 'le',
  'from_endpoint', 'from_model', 'to_endpoint', 'to_model'
]
/** Whose metrics a metric of ours says, in registration order. */
const SOURCES = Symbol('sources')
/** Under which it was registered: a registry that speaks OpenMetrics takes the suffix of counters away from `name`. */
const NAME = Symbol('name')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('prom-client').Registry} [registry]
 * @param {import('./prom-client').Options} [options]
 * @returns {() => void}
 */
function register (client, registry = require('prom-client').register, options = {}) {
  const labels = check(client, registry, options)
  const source = { families: latest(client), labels, key: JSON.stringify(Object.entries(labels).sort()) }
  const metrics = client.metrics.families().map((family) => metricOf(/** @type {any} */ (registry), family))
  if (metrics.some((metric) => metric[SOURCES].some((/** @type {any} */ other) => other.key === source.key))) {
    throw ofProblems([{ path: 'labels', message: `must tell clients of one registry apart, got ${source.key === '[]' ? 'none' : 'those of another client'}` }])
  }
  const taken = metrics.filter((metric) => ![undefined, metric].includes(registry.getSingleMetric(metric[NAME])))
  if (taken.length > 0) throw ofProblems([{ path: 'registry', message: `must not have metrics of its own named ${taken.map((metric) => metric[NAME]).join(', ')}` }])
  for (const metric of metrics) {
    metric[SOURCES].push(source)
    if (metric[SOURCES].length === 1) registry.registerMetric(metric)
  }
  return () => {
    for (const metric of metrics) {
      const left = metric[SOURCES].filter((/** @type {any} */ other) => other !== source)
      if (left.length === 0 && metric[SOURCES].length > 0) registry.removeSingleMetric(metric[NAME])
      metric[SOURCES] = left
    }
  }
}

/**
 * What prom-client asks of a metric. One that another client registered serves both.
 * @param {any} registry
 * @param {import('..').MetricFamily} family
 */
function metricOf (registry, { name: bare, help, kind, unit }) {
  const base = `bellwether_${bare}${unit === undefined ? '' : `_${unit}`}`
  const name = kind === 'counter' ? `${base}_total` : base
  const known = registry.getSingleMetric(name)
  if (known?.[SOURCES] !== undefined) return known
  const metric = {
    name,
    help,
    type: kind,
    aggregator: kind === 'gauge' ? 'average' : 'sum',
    /** @type {any[]} */
    [SOURCES]: [],
    [NAME]: name,
    /** Counts are the client's: a registry does not set them back. */
    reset () {},
    async get () {
      const values = metric[SOURCES].flatMap(({ families, labels }) => {
        const { series = [] } = families().get(bare) ?? {}
        return series.flatMap((/** @type {any} */ one) => valuesOf(base, { ...labels, ...Object.fromEntries(one.labels) }, one.value))
      })
      return { name: metric.name, help, type: kind, aggregator: metric.aggregator, values }
    }
  }
  return /** @type {any} */ (metric)
}

/**
 * @param {string} name
 * @param {Record<string, string>} labels
 * @param {number | import('..').MetricHistogram} value
 */
function valuesOf (name, labels, value) {
  if (typeof value === 'number') return [{ labels, value }]
  let below = 0
  const buckets = value.buckets.map(([bound, count]) => {
    below += count
    return { metricName: `${name}_bucket`, labels: { le: bound === null ? '+Inf' : bound, ...labels }, value: below }
  })
  return [...buckets, { metricName: `${name}_sum`, labels, value: value.sum }, { metricName: `${name}_count`, labels, value: value.count }]
}

/**
 * The families by name. A scrape asks for each of them in one turn: they are read once for it.
 * @param {import('..').FailoverClient} client
 */
function latest (client) {
  /** @type {Map<string, import('..').MetricFamily> | undefined} */
  let read
  return () => {
    if (read === undefined) {
      read = new Map(client.metrics.families().map((family) => [family.name, family]))
      queueMicrotask(() => { read = undefined })
    }
    return read
  }
}

/**
 * @param {any} client
 * @param {any} registry
 * @param {any} options
 * @returns {Record<string, string>}
 */
function check (client, registry, options) {
  const problems = []
  if (typeof client?.metrics?.families !== 'function') problems.push({ path: 'client', message: `must be a FailoverClient, got ${what(client)}` })
  if (typeof registry?.registerMetric !== 'function') problems.push({ path: 'registry', message: `must be a Registry of prom-client's, got ${what(registry)}` })
  if (!isObject(options)) throw ofProblems([...problems, { path: 'options', message: `must be a plain object, got ${what(options)}` }])
  const { labels = {}, ...others } = options
  for (const name of Object.keys(others)) problems.push({ path: name, message: "is not an option; there is 'labels'" })
  if (!isObject(labels)) throw ofProblems([...problems, { path: 'labels', message: `must be a plain object, got ${what(labels)}` }])
  for (const [name, value] of Object.entries(labels)) {
    if (OURS.includes(name)) problems.push({ path: `labels.${name}`, message: `is a label that metrics have; so are ${OURS.filter((one) => one !== name).join(', ')}` })
    else if (!/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/.test(name)) problems.push({ path: `labels.${name}`, message: 'is no name for a label' })
    if (typeof value !== 'string') problems.push({ path: `labels.${name}`, message: `must be a string, got ${what(value)}` })
  }
  if (problems.length > 0) throw ofProblems(problems)
  return labels
}

module.exports = { register }
