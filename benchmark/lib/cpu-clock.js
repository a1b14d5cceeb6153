'use strict'

// CPU time of this thread alone, in nanoseconds. process.cpuUsage() would add V8's helpers and a native client's own
// threads, which is exactly what a blocked event loop does not notice.

const fs = require('node:fs')

const SCHEDSTAT = '/proc/thread-self/schedstat'

const clock = fs.existsSync(SCHEDSTAT) ? schedstat() : threadUsage()

function schedstat () {
  const file = fs.openSync(SCHEDSTAT)
  const buffer = Buffer.allocUnsafe(64)
  return {
    source: SCHEDSTAT,
    now () {
      // The kernel brings the running thread's figure up to date on a tick, on a switch, or when asked for usage.
      process.cpuUsage()
      fs.readSync(file, buffer, 0, buffer.length, 0)
      return Number(buffer.latin1Slice(0, buffer.indexOf(0x20)))
    }
  }
}

function threadUsage () {
  if (typeof process.threadCpuUsage !== 'function') throw new Error('no per-thread CPU clock: needs Linux, or Node.js 23.9 and up')
  return {
    source: 'process.threadCpuUsage()',
    now () {
      const { user, system } = process.threadCpuUsage()
      return (user + system) * 1000
    }
  }
}

/** CPU time another process' main thread has used, in nanoseconds; null where that cannot be read. */
function ofProcess (pid) {
  try {
    return Number(fs.readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0])
  } catch {
    return null
  }
}

module.exports = { now: clock.now, source: clock.source, ofProcess }
