'use strict'

// Says when a file may have changed. The folder is watched, not the file: editors write another and rename it, and
// mounted configurations are links that are turned. It is looked at now and then besides: a link may lead elsewhere, and
// a folder may be put in the place of its folder. It keeps nothing alive.

const fs = require('node:fs')
const path = require('node:path')

/** From the first sign of a change to its telling: an editor's several writes are one change. */
const SETTLE = 100
/** How often it is looked at, for what the system does not tell. */
const POLL = 2_000

/**
 * @param {string} file
 * @param {() => void} changed
 * @returns {() => void} Ends it.
 */
function watch (file, changed) {
  /** @type {NodeJS.Timeout | undefined} */
  let settling
  let ended = false
  const sign = () => {
    if (ended || settling !== undefined) return
    settling = setTimeout(() => {
      settling = undefined
      changed()
    }, SETTLE)
    settling.unref()
  }
  // One is shared by all who look at the same file, and many may.
  fs.watchFile(file, { persistent: false, interval: POLL }, sign).setMaxListeners(0)
  // What was written before its first look at the file is none of its changes.
  const missed = setTimeout(sign, POLL)
  missed.unref()
  /** @type {fs.FSWatcher | undefined} */
  let watcher
  try {
    watcher = fs.watch(path.dirname(file), { persistent: false }, sign)
    watcher.on('error', () => watcher?.close())
  } catch {
    // Too many are watched, or the folder is gone.
  }
  return () => {
    ended = true
    clearTimeout(settling)
    clearTimeout(missed)
    watcher?.close()
    fs.unwatchFile(file, sign)
  }
}

module.exports = { watch }
