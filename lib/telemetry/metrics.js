'use strict'

// Implements `client.metrics`.

const CONTENT_TYPES = Object.freeze({
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8'
})

/**
 * @param {{ snapshot(): string, metricsText(openMetrics: boolean): string, metricsFamilies(): string }} native
 * @returns {import('../..').Metrics}
 */
function createMetrics (native) {
  return Object.freeze({
    snapshot: () => JSON.parse(native.snapshot()),
    text: (/** @type {unknown} */ format = 'prometheus') => native.metricsText(readFormat(format) === 'openmetrics'),
    families: () => JSON.parse(native.metricsFamilies()),
    contentType: CONTENT_TYPES.prometheus,
    contentTypes: CONTENT_TYPES
  })
}

/** @param {unknown} format */
function readFormat (format) {
  if (typeof format === 'string' && Object.hasOwn(CONTENT_TYPES, format)) return format
  const { configError } = require('../util/errors')
  const { quote } = require('../util/serialize-options')
  throw configError([{ path: 'format', message: `must be 'prometheus' or 'openmetrics', got ${quote(format)}` }])
}

module.exports = { createMetrics }
