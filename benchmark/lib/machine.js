'use strict'

// Where a result comes from, without naming the host.

const os = require('node:os')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const MANIFEST = require('../package.json')

function machine () {
  const cpus = os.cpus()
  return {
    cpu: cpus[0].model.trim(),
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.arch()
  }
}

function versions () {
  const peers = Object.keys(MANIFEST.dependencies).map((name) => [name, MANIFEST.dependencies[name]])
  return {
    bellwether: require(path.join(ROOT, 'package.json')).version,
    node: process.versions.node,
    v8: process.versions.v8,
    'openai SDK fetch (undici inside Node.js)': process.versions.undici,
    ...Object.fromEntries(peers)
  }
}

/** Names a results file: when, and on what sort of machine. */
function resultName (date, { quick, partial }) {
  const when = date.toISOString().slice(0, 16).replace(':', '')
  const what = `${process.platform}-${os.arch()}-${os.cpus().length}cpu-node${process.versions.node.split('.')[0]}`
  return `${when}-${what}${partial ? '-partial' : ''}${quick ? '-quick' : ''}`
}

module.exports = { machine, versions, resultName }
