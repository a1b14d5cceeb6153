'use strict'

// A redis-server of one run's own, on a port and in a folder of its own.

const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { once } = require('node:events')
const { spawn, spawnSync } = require('node:child_process')

const READY = /Ready to accept connections/
const PATIENCE_MS = 10_000

/** Its version; undefined where there is none. */
function redisVersion () {
  const { status, stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  return status === 0 ? /v=(\S+)/.exec(stdout)?.[1] : undefined
}

/**
 * @param {string} folder
 * @param {string[]} settings
 */
async function startRedis (folder, settings) {
  const port = await freePort()
  const dir = path.join(folder, 'redis')
  fs.mkdirSync(dir)
  // The shell ends it when this process is gone, however it went.
  const child = spawn('sh', ['-c', 'redis-server "$@" & pid=$!; cat > /dev/null <&3; kill $pid; wait $pid', 'sh',
    '--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...settings], { stdio: ['ignore', 'pipe', 2, 'pipe'] })
  const gone = once(child, 'exit')
  await Promise.race([
    ready(child.stdout),
    gone.then(() => { throw new Error('redis-server did not start') }),
    new Promise((resolve, reject) => { setTimeout(reject, PATIENCE_MS, new Error('redis-server did not become ready')).unref() })
  ])
  return {
    port,
    async stop () {
      child.stdio[3].end()
      await gone
    }
  }
}

/** @param {import('node:stream').Readable} out */
function ready (out) {
  let said = ''
  return new Promise((resolve) => {
    out.setEncoding('utf8').on('data', (text) => {
      if (said.length < 1e5) said += text
      if (READY.test(said)) resolve(undefined)
    })
  })
}

async function freePort () {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

module.exports = { startRedis, redisVersion }
