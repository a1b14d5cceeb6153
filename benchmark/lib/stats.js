'use strict'

function percentile (values, share) {
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * share
  const low = Math.floor(at)
  const high = Math.ceil(at)
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
}

const median = (values) => percentile(values, 0.5)

/** Median and extremes: five pairs justify nothing finer. */
function summary (values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** Field by field, the median of objects of numbers. */
function medians (objects) {
  return Object.fromEntries(Object.keys(objects[0]).map((field) => [field, median(objects.map((object) => object[field]))]))
}

module.exports = { percentile, median, medians, summary }
