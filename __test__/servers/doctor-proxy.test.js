'use strict'

// `bellwether doctor` behind an independent proxy.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { createFaultServer } = require('bellwether/testing')
const { cli, KEY } = require('../cli/run')
const { run, freePort, folder } = require('./helpers')

const PASSWORD = 'secret-of-the-proxy'

/** A proxy that lets tunnels through to one port. */
async function tinyproxy (t, reachable) {
  const port = await freePort()
  const config = path.join(folder(t), 'tinyproxy.conf')
  fs.writeFileSync(config, `Port ${port}\nListen 127.0.0.1\nBasicAuth user ${PASSWORD}\nConnectPort ${reachable}\n`)
  await run(t, 'tinyproxy', ['-d', '-c', config], port)
  return port
}

function vendor (t, tls) {
  const server = createFaultServer({ name: 'vendor', tls })
  t.after(() => server.close())
  return server
}

/** The message of each step, and all findings. */
async function examined (t, config, env) {
  const { said, complained } = await cli(t, ['doctor', '--json', '--timeout', '5s'], { config, env })
  assert.ok(!`${said}${complained}`.includes(PASSWORD))
  const { findings } = JSON.parse(said)
  const steps = findings.filter(({ check }) => check.startsWith('A: ')).map(({ check, status }) => `${check.slice(3)}: ${status}`)
  return { steps, find: (check) => findings.find((finding) => finding.check === check) }
}

const endpoints = ({ url }) => [{ name: 'A', base_url: url, api_key: KEY }]

test('an endpoint with a certificate of its own authority, through the proxy of the configuration', async (t) => {
  const hidden = vendor(t, true)
  const port = await tinyproxy(t, hidden.port)
  const proxy = `http://user:${PASSWORD}@127.0.0.1:${port}`
  const { steps, find } = await examined(t, { endpoints: endpoints(hidden), proxy, tls: { ca: hidden.ca } })
  assert.deepEqual(steps, ['key: ok', 'DNS of the proxy: ok', 'TCP to the proxy: ok', 'TLS: ok', 'clock: ok', 'request: ok'])
  assert.equal(find('proxy').message, `A through 127.0.0.1:${port}`)
})

test('the environment’s proxy, plain requests', async (t) => {
  const plain = vendor(t, false)
  const port = await tinyproxy(t, plain.port)
  const { steps, find } = await examined(t, { endpoints: endpoints(plain), proxy: 'env' }, { HTTP_PROXY: `http://user:${PASSWORD}@127.0.0.1:${port}` })
  assert.deepEqual(steps, ['key: ok', 'DNS of the proxy: ok', 'TCP to the proxy: ok', 'clock: ok', 'request: ok'])
  assert.equal(find('proxy').message, `A through 127.0.0.1:${port}`)
})

test('a proxy that refuses is reported with the reason', async (t) => {
  const hidden = vendor(t, true)
  const port = await tinyproxy(t, hidden.port)
  const trusting = { endpoints: endpoints(hidden), tls: { ca: hidden.ca } }
  const stranger = await examined(t, { ...trusting, proxy: `http://user:wrong@127.0.0.1:${port}` })
  assert.deepEqual(stranger.steps.slice(3), ['proxy: fail', 'request: fail'])
  assert.match(stranger.find('A: proxy').message, /^no tunnel: the proxy answers 40[17] to CONNECT 127\.0\.0\.1:\d+$/)
  assert.match(stranger.find('A: proxy').advice, /user and password/)
  const other = await tinyproxy(t, 1)
  const shut = await examined(t, { ...trusting, proxy: `http://user:${PASSWORD}@127.0.0.1:${other}` })
  assert.match(shut.find('A: proxy').message, /the proxy answers 403 to CONNECT/)
  const gone = await examined(t, { ...trusting, proxy: `http://127.0.0.1:${await freePort()}` })
  assert.deepEqual(gone.steps, ['key: ok', 'DNS of the proxy: ok', 'TCP to the proxy: fail', 'request: fail'])
})
