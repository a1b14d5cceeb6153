'use strict'

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { run, freePort, folder } = require('./helpers')
const { until } = require('../helpers/client')

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

/** Returns promtool's complaints about a text. */
function lint (text) {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', env: { ...process.env, PATH } })
  return { status, said: stdout + stderr }
}

/**
 * A Prometheus that scrapes a page several times a second until the test ends.
 * @param {import('node:test').TestContext} t
 */
async function prometheus (t, page) {
  const dir = folder(t)
  const server = http.createServer((req, res) => {
    const { type, text } = page(req)
    res.writeHead(200, { 'content-type': type }).end(text)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => { server.close(); server.closeAllConnections() })
  const config = path.join(dir, 'prometheus.yml')
  const { port: scraped } = server.address()
  fs.writeFileSync(config, `
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: bellwether
    static_configs: [{ targets: ['127.0.0.1:${scraped}'] }]
`)
  const port = await freePort()
  await run(t, 'prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${path.join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'], port)
  const base = `http://127.0.0.1:${port}/api/v1`
  const get = async (/** @type {string} */ what) => {
    const response = await fetch(base + what)
    const body = await response.json()
    assert.equal(body.status, 'success', `${what}: ${JSON.stringify(body)}`)
    return body.data
  }
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok
  await until('Prometheus', ready)
  return {
    query: (/** @type {string} */ expr) => get(`/query?query=${encodeURIComponent(expr)}`).then((data) => data.result),
    target: () => get('/targets').then((data) => data.activeTargets[0])
  }
}

module.exports = { lint, prometheus }
