'use strict'

// Measures this process: memory, files, threads.

const fs = require('node:fs')
const v8 = require('node:v8')
const vm = require('node:vm')

v8.setFlagsFromString('--expose-gc')
/** @type {() => void} */
const gc = vm.runInNewContext('gc')

/** Collects garbage first: what is left is referenced. */
function sample () {
  gc()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, fds: entries('/proc/self/fd'), threads: entries('/proc/self/task') }
}

/** @param {string} folder @returns {number | null} */
function entries (folder) {
  try {
    // Listing the folder uses a descriptor itself.
    return fs.readdirSync(folder).length - (folder.endsWith('fd') ? 1 : 0)
  } catch {
    return null
  }
}

/** @param {number[]} numbers */
function median (numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

module.exports = { sample, median }
