'use strict'

// Prints the progress and the result.

const { MIB } = require('./verdict')

const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`

/** @param {number} ms */
function progressLine (ms, calls, clients, { rss, heap, fds, threads }) {
  const failed = Object.values(calls.failed).reduce((sum, count) => sum + count, 0)
  return [
    `${(ms / 1000).toFixed(0).padStart(6)} s`, `${calls.started} calls`, `${calls.answered} answered`, `${failed} failed`, `${calls.underWay} in flight`,
    `${clients.failovers} failovers`, `${clients.opened} clients`, `RSS ${mib(rss)}`, `heap ${mib(heap)}`, `${fds ?? '?'} files`, `${threads ?? '?'} threads`
  ].join('  ')
}

function formatReport ({ minutes, seed, calls, failed, failovers, clients, latencyMs, rss, heap, fds, threads, active }, problems) {
  const reasons = Object.entries(failed).sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${count}`).join(', ')
  const grew = (of) => `${mib(of.start)} at the start, ${mib(of.warm)} warm, ${mib(of.end)} at the end, ${mib(of.closed)} after closing`
  const went = (of) => (of.end === null ? 'unknown on this system' : `${of.start} at the start, at most ${of.peak}, ${of.end} after closing`)
  return `
time        ${minutes.toFixed(2)} min, seed ${seed}
calls       ${calls.started}: ${calls.answered} answered, ${calls.endedByCaller} ended by the caller, ${calls.stuck} stuck
failed      ${reasons || 'none'}
failovers   ${failovers}
clients     ${clients}
latency     p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, of answered calls
RSS         ${grew(rss)}
heap        ${grew(heap)}
files       ${went(fds)}
threads     ${went(threads)}
active      ${active} calls counted as in flight after the last had ended

${problems.length === 0 ? 'flat' : problems.map((problem) => `NOT FLAT: ${problem}`).join('\n')}
`
}

module.exports = { progressLine, formatReport }
