'use strict'

const UNITS = {
  cpuMicrosPerCall: (v) => `${number(v)} µs CPU/call`,
  cpuMicrosPerChunk: (v) => `${number(v)} µs CPU/chunk`,
  otherThreadsMicrosPerCall: (v) => `${number(v)} µs CPU/call on other threads`,
  otherThreadsMicrosPerChunk: (v) => `${number(v)} µs CPU/chunk on other threads`,
  callsPerSecond: (v) => `${whole(v)} calls/s`,
  chunksPerSecond: (v) => `${whole(v)} chunks/s`,
  requestsPerSecond: (v) => `${whole(v)} req/s`,
  mockMicrosPerRequest: (v) => `${number(v)} µs CPU/req in the mock`,
  mockBusy: (v) => `mock busy ${whole(v * 100)} %`,
  p50Micros: (v) => `p50 ${number(v)} µs`,
  failoverP50Micros: (v) => `with failover p50 ${number(v)} µs`,
  failoverCpuMicrosPerCall: (v) => `with failover ${number(v)} µs CPU/call`,
  enqueueP50Micros: (v) => `enqueued p50 ${number(v)} µs`,
  enqueueP99Micros: (v) => `p99 ${number(v)} µs`,
  enqueuedPerSecond: (v) => `${whole(v)} jobs/s enqueued`,
  drainedPerSecond: (v) => `${whole(v)} jobs/s drained`,
  loopDelayP99Ms: (v) => `loop delay p99 ${number(v)} ms`,
  loopDelayMaxMs: (v) => `max ${number(v)} ms`,
  requireMs: (v) => `${number(v)} ms`,
  strippedBytes: (v) => `${number(v / 1e6)} MB stripped`,
  builtBytes: (v) => `${number(v / 1e6)} MB as built`,
  bytesPerStream: (v) => `${number(v / 1024)} KiB/stream`,
  streams: (v) => `${whole(v)} streams`
}

/** Three significant digits. */
function number (value) {
  return Math.abs(value) >= 1000 ? whole(value) : String(Number(value.toPrecision(3)))
}

function whole (value) {
  return Math.round(value).toLocaleString('en-US')
}

function withUnit (value, unit) {
  return unit === '×' ? `${number(value)}×` : `${number(value)} ${unit}`
}

/** The named fields of one side's result, readable. */
function measured (result, fields) {
  return fields.filter((field) => result[field] !== undefined).map((field) => UNITS[field](result[field])).join(', ')
}

function bar (figure, value) {
  return value === null ? '' : `${figure.better === 'lower' ? '≤' : '≥'} ${withUnit(value, figure.unit)}`
}

function verdict ({ value, pass, medianReached, aimReached }) {
  if (value === null) return 'NOT MEASURED'
  if (!pass) return 'MISSED'
  if (!medianReached) return 'reached within the spread'
  return aimReached ? 'aim reached' : 'reached'
}

module.exports = { number, whole, withUnit, measured, bar, verdict }
