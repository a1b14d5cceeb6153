'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { once } = require('node:events')
const { spawnSync } = require('node:child_process')
const { serve, openClient } = require('../helpers/client')
const { folder } = require('../servers/helpers')
const { createSnapshot } = require('../../lib/http/events/snapshot')
const { cli } = require('./run')

const TOKEN = 'a-token-of-this-test'

/** A process that serves this client's state. */
async function process_ (t, client) {
  const server = http.createServer((request, response) => {
    if (request.url !== '/dashboard/data.json') return response.writeHead(404).end('{}')
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return response.writeHead(401).end()
    response.setHeader('content-type', 'application/json').end(JSON.stringify(createSnapshot(client, { alerts: [], push: { listeners: 0, dropped: 0, refused: 0 } })))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}`
}

test('report: of a running process, as text, Markdown and JSON', async (t) => {
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: serve(t).url }] })
  await client.chatCompletion('gpt-4o', 'hi')
  const url = `${await process_(t, client)}/dashboard/data.json`
  const ask = (...args) => cli(t, ['report', '--url', url, '--token-env', 'T', ...args], { env: { T: TOKEN } })
  const text = await ask()
  assert.deepEqual([text.code, text.complained], [0, ''])
  assert.match(text.said, /^Health healthy at [^]*\n {2}A: healthy, 1 requests[^]*No incidents[^]*Costs/)
  const told = (await ask('--json')).json()
  assert.deepEqual([Object.keys(told), told.health.endpoints[0].name, told.costs.total.calls], [['health', 'incidents', 'costs'], 'A', 1])
  assert.match((await ask('--markdown')).said, /^# Health healthy at [^]*\| A \| healthy \| 1 \|/)
})

test('report: of a ledger, and what cannot be reported', async (t) => {
  const file = path.join(folder(t), 'costs.json')
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: serve(t).url }], costs: { path: file } })
  await client.chatCompletion('gpt-4o', 'hi')
  const expected = client.costs.report().total.calls
  await client.close()
  assert.equal((await cli(t, ['report', '--ledger', file, '--json'])).json().costs.total.calls, expected)
  const base = await process_(t, openClient(t, { endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:1' }] }))
  fs.writeFileSync(`${file}.broken`, '[1]')
  for (const [args, code, why] of [
    [[], 2, /either --url or --ledger/],
    [['--url', 'ftp://x'], 2, /must be an http/],
    [['--url', base, '--token-env', 'NONE'], 2, /NONE is empty or not set/],
    [['--url', `${base}/dashboard/data.json`], 1, /answers 401: set its token/],
    [['--url', `${base}/other`], 1, /answers 404/],
    [['--url', 'http://127.0.0.1:1/'], 1, /ECONNREFUSED|bad port/],
    [['--ledger', `${file}.none`], 2, /cannot be read: ENOENT/],
    [['--ledger', `${file}.broken`], 1, /is not a ledger/]
  ]) {
    const told = await cli(t, ['report', ...args])
    assert.deepEqual([told.code, told.said], [code, ''], args.join(' '))
    assert.match(told.complained, why)
  }
})

test('report: invalid data is reported as such, and names cannot control a terminal', async (t) => {
  const client = openClient(t, { endpoints: [{ name: '\u001b[2Ja\n|b\u202e', baseURL: serve(t).url }] })
  const good = JSON.parse(JSON.stringify(createSnapshot(client, { alerts: [], push: { listeners: 0, dropped: 0, refused: 0 } })))
  let data
  const server = http.createServer((request, response) => response.end(JSON.stringify(data))).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const ask = (...args) => cli(t, ['report', '--url', `http://127.0.0.1:${server.address().port}/`, ...args])
  for (data of [{ ...good, health: { endpoints: [null] } }, { ...good, incidents: [5] }, { ...good, costs: { report: { total: {} } } }]) {
    for (const form of [[], ['--json'], ['--markdown']]) {
      const { code, said, complained } = await ask(...form)
      assert.deepEqual([code, said, complained], [1, '', 'bellwether report: the response is not the data of a dashboard of this version\n'])
    }
  }
  data = good
  for (const form of [[], ['--markdown']]) {
    const { code, said } = await ask(...form)
    assert.equal(code, 0)
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    assert.doesNotMatch(said, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  }
})

test('report: a token or a password is not quoted, whatever is wrong with it', async (t) => {
  for (const [args, token, why] of [
    [['--url', 'http://user:CANARY@127.0.0.1:1/'], '', /must not contain a password/],
    [['--url', 'http://127.0.0.1:1/', '--token-env', 'TOKEN'], 'CANARY\nCANARY', /must contain a token of printable ASCII/],
    [['--url', 'http://127.0.0.1:1/', '--token-env', 'TOKEN'], 'CANARY€', /must contain a token of printable ASCII/]
  ]) {
    const { code, said, complained } = await cli(t, ['report', ...args], { env: { TOKEN: token } })
    assert.deepEqual([code, said], [2, ''])
    assert.match(complained, why)
    assert.doesNotMatch(complained, /CANARY/)
  }
})

test('a reader that leaves is no error', () => {
  const { stderr, stdout } = spawnSync('bash', ['-c', `${process.execPath} ${path.join(__dirname, '..', '..', 'bin', 'bellwether.js')} completion fish | head -n 1; echo "\${PIPESTATUS[0]}"`], { encoding: 'utf8' })
  assert.deepEqual([stdout, stderr], ['# fish completion for bellwether\n0\n', ''])
})
