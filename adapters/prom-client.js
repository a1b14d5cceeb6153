'use strict'

// `bellwether/prom-client`: a client's metrics in a prom-client registry, beside the application's own.

const { configError } = require('../lib/util/errors')
const { isPlainObject, describe } = require('../lib/util/serialize-options')

/** Labels that metrics have themselves: `labels` must not override them. */
const RESERVED_LABELS = [
  'endpoint', 'provider', 'model', 'operation', 'outcome', 'reason', 'state', 'type', 'kind', 'budget', 'period', 'forwarder', 'version', 'le',
  'from_endpoint', 'from_model', 'to_endpoint', 'to_model'
]
/** The clients of a metric, in registration order. */
const SOURCES = Symbol('sources')
/** The name of registration: an OpenMetrics registry removes the suffix of counters from `name`. */
const NAME = Symbol('name')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('prom-client').Registry} [registry]
 * @param {import('./prom-client').Options} [options]
 * @returns {() => void}
 */
function register (client, registry = require('prom-client').register, options = {}) {
  const labels = readLabels(client, registry, options)
  const source = { families: cachedFamilies(client), labels, key: JSON.stringify(Object.entries(labels).sort()) }
  const metrics = client.metrics.families().map((family) => metricOf(/** @type {any} */ (registry), family))
  if (metrics.some((metric) => metric[SOURCES].some((/** @type {any} */ other) => other.key === source.key))) {
    throw configError([{ path: 'labels', message: `must be different for each client of a registry, got ${source.key === '[]' ? 'none' : 'those of another client'}` }])
  }
  const taken = metrics.filter((metric) => ![undefined, metric].includes(registry.getSingleMetric(metric[NAME])))
  if (taken.length > 0) throw configError([{ path: 'registry', message: `must not contain other metrics named ${taken.map((metric) => metric[NAME]).join(', ')}` }])
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
 * Returns the object that prom-client needs for a family. Clients of one registry share it.
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
    /** The client owns the counts: a registry does not reset them. */
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
 * Returns the families by name. They are read once per scrape, which needs each of them in the same turn.
 * @param {import('..').FailoverClient} client
 */
function cachedFamilies (client) {
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
function readLabels (client, registry, options) {
  const problems = []
  if (typeof client?.metrics?.families !== 'function') problems.push({ path: 'client', message: `must be a FailoverClient, got ${describe(client)}` })
  if (typeof registry?.registerMetric !== 'function') problems.push({ path: 'registry', message: `must be a Registry of prom-client's, got ${describe(registry)}` })
  if (!isPlainObject(options)) throw configError([...problems, { path: 'options', message: `must be a plain object, got ${describe(options)}` }])
  const { labels = {}, ...others } = options
  for (const name of Object.keys(others)) problems.push({ path: name, message: "is not an option; accepted is 'labels'" })
  if (!isPlainObject(labels)) throw configError([...problems, { path: 'labels', message: `must be a plain object, got ${describe(labels)}` }])
  for (const [name, value] of Object.entries(labels)) {
    if (RESERVED_LABELS.includes(name)) problems.push({ path: `labels.${name}`, message: `is reserved; reserved labels are ${RESERVED_LABELS.filter((one) => one !== name).join(', ')}` })
    else if (!/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/.test(name)) problems.push({ path: `labels.${name}`, message: 'is not a valid label name' })
    if (typeof value !== 'string') problems.push({ path: `labels.${name}`, message: `must be a string, got ${describe(value)}` })
  }
  if (problems.length > 0) throw configError(problems)
  return labels
}

module.exports = { register }
