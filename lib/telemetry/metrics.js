'use strict'

// What was counted and timed: `client.metrics`.

const CONTENT_TYPES = Object.freeze({
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8'
})

/**
 * @param {{ snapshot(): string, metricsText(openMetrics: boolean): string, metricsFamilies(): string }} native
 * @returns {import('../..').Metrics}
 */
function metricsOf (native) {
  return Object.freeze({
    snapshot: () => JSON.parse(native.snapshot()),
    text: (/** @type {unknown} */ format = 'prometheus') => native.metricsText(known(format) === 'openmetrics'),
    families: () => JSON.parse(native.metricsFamilies()),
    contentType: CONTENT_TYPES.prometheus,
    contentTypes: CONTENT_TYPES
  })
}

/** @param {unknown} format */
function known (format) {
  if (typeof format === 'string' && Object.hasOwn(CONTENT_TYPES, format)) return format
  const { ofProblems } = require('../util/errors')
  const { shown } = require('../util/serialize-options')
  throw ofProblems([{ path: 'format', message: `must be 'prometheus' or 'openmetrics', got ${shown(format)}` }])
}

module.exports = { metricsOf }
