'use strict'

const fs = require('node:fs')

/** How many files a process may hold open (ulimit -n); Infinity where the system does not say. */
function openFiles () {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1'))
    return Number(soft)
  } catch {
    return Infinity
  }
}

module.exports = { openFiles }
