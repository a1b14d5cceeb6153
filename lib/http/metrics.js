'use strict'

// Answers a scraper in the format that it accepts.

const OPENMETRICS = 'application/openmetrics-text'

/**
 * @param {Request} request
 * @param {import('../..').FailoverClient} client
 */
function metrics ({ headers }, { metrics: clientMetrics }) {
  const accepted = acceptedTypes(headers.get('accept') ?? '*/*')
  const openMetrics = accepted.get(OPENMETRICS) ?? 0
  // A scraper that accepts anything gets the Prometheus format.
  const plainText = accepted.get('text/plain') ?? accepted.get('text/*') ?? accepted.get('*/*') ?? 0
  const format = openMetrics > 0 && openMetrics >= plainText ? 'openmetrics' : 'prometheus'
  return new Response(clientMetrics.text(format), {
    headers: { 'content-type': clientMetrics.contentTypes[format], 'cache-control': 'no-store', vary: 'accept', 'x-content-type-options': 'nosniff' }
  })
}

/** Returns the media types of an `accept` header with their weights. @param {string} accept */
function acceptedTypes (accept) {
  /** @type {Map<string, number>} */
  const found = new Map()
  // Bounds the work on a hostile header.
  for (const range of accept.slice(0, 4096).split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((one) => /^q\s*=/.test(one))
    const weight = q === undefined ? 1 : Number(q.split('=')[1])
    if (weight >= 0 && weight <= 1) found.set(type, Math.max(weight, found.get(type) ?? 0))
  }
  return found
}

module.exports = { metrics }
