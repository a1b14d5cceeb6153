'use strict'

// Watches a file and reports when it may have changed. It watches the folder, because editors replace files and mounted
// configurations are symbolic links that change their target; it polls as well, because a link may point to another
// folder, and the folder itself may be replaced. It keeps neither the process nor the client alive.

const fs = require('node:fs')
const path = require('node:path')

/** Several writes within this time are reported as one change. */
const SETTLE_MS = 100
/** Polling interval, for changes that the system does not report. */
const POLL_MS = 2_000

/**
 * @param {string} file
 * @param {() => void} changed
 * @returns {() => void} Stops watching.
 */
function watchFile (file, changed) {
  /** @type {NodeJS.Timeout | undefined} */
  let settling
  let ended = false
  const schedule = () => {
    if (ended || settling !== undefined) return
    settling = setTimeout(() => {
      settling = undefined
      changed()
    }, SETTLE_MS)
    settling.unref()
  }
  // Node shares one watcher among all listeners of a file; there may be many.
  fs.watchFile(file, { persistent: false, interval: POLL_MS }, schedule).setMaxListeners(0)
  // Covers a write before the first poll, which the poll takes for the initial state.
  const firstCheck = setTimeout(schedule, POLL_MS)
  firstCheck.unref()
  /** @type {fs.FSWatcher | undefined} */
  let watcher
  try {
    watcher = fs.watch(path.dirname(file), { persistent: false }, schedule)
    watcher.on('error', () => watcher?.close())
  } catch {
    // The system's limit of watches is reached, or the folder is gone. Polling continues.
  }
  return () => {
    ended = true
    clearTimeout(settling)
    clearTimeout(firstCheck)
    watcher?.close()
    fs.unwatchFile(file, schedule)
  }
}

module.exports = { watchFile }
