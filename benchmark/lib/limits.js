'use strict'

const fs = require('node:fs')

/** The limit of open files (ulimit -n); Infinity if the system has none. */
function openFiles () {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1'))
    return Number(soft)
  } catch {
    return Infinity
  }
}

module.exports = { openFiles }
