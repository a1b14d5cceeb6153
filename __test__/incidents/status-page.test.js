'use strict'

// A vendor's status page is quoted in the report, requested without a key, and influences nothing.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const { setup, ask, faults, until, configProblems, KEY } = require('../helpers/client')

async function page (t, answer) {
  const asked = []
  const server = http.createServer((req, res) => {
    asked.push({ url: req.url, headers: req.headers })
    answer(res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close(); server.closeAllConnections() })
  return { asked, url: `http://127.0.0.1:${server.address().port}/api/v2/status.json?x=1` }
}

/** The page's reports in A's incident. */
async function told (t, answer, { wait = true } = {}) {
  const { asked, url } = await page(t, answer)
  const { client, a } = setup(t, { endpoint: (i) => (i === 0 ? { healthCheck: { statusPage: url } } : {}), breaker: false })
  await ask(client)
  assert.equal(asked.length, 0)
  a.script(faults.serverError(), faults.serverError())
  await ask(client)
  await ask(client)
  const said = () => client.getIncidents()[0].endpoints[0].statusPage
  if (wait) await until('the page', () => said().length > 0)
  assert.equal(asked.length, 1)
  assert.equal(asked[0].url, '/api/v2/status.json?x=1')
  assert.ok(!JSON.stringify(asked[0].headers).includes(KEY) && asked[0].headers.authorization === undefined)
  return { said: said(), client }
}

const json = (value) => (res) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

test('a Statuspage’s indicator and words', async (t) => {
  const { said, client } = await told(t, json({ page: { name: 'OpenAI' }, status: { indicator: 'major', description: 'Partial\u001b[2J outage' } }))
  assert.deepEqual(said.map(({ indicator, words }) => [indicator, words]), [['major', 'Partial [2J outage']])
  assert.match(String(client.getIncidents()[0]), /its status page: major: Partial \[2J outage/)
})

test('a page that just answers, one that does not, and one that is something else', async (t) => {
  const cases = [
    [(res) => res.writeHead(200).end('<h1>All good</h1>'), 'it answers'],
    [(res) => res.writeHead(503).end('no'), 'the status page returned status 503'],
    [json({ status: 'fine' }), 'it answers'],
    [(res) => res.writeHead(200).end('x'.repeat(1 << 20)), 'it answers'],
    [(res) => res.destroy(), /./]
  ]
  for (const [answer, words] of cases) {
    const { said: [said] } = await told(t, answer)
    assert.equal(said.indicator, null)
    if (typeof words === 'string') assert.equal(said.words, words)
    else assert.match(said.words, words)
  }
})

test('a reload in the middle of an incident keeps the page watched', async (t) => {
  const { asked, url } = await page(t, json({ status: { indicator: 'minor', description: 'Slow' } }))
  const { client, a, b } = setup(t, { servers: 2 })
  const options = (quiet) => ({
    endpoints: [{ name: 'A', baseURL: a.url, apiKey: KEY, healthCheck: { statusPage: url } }, { name: 'B', baseURL: b.url, apiKey: KEY }],
    breaker: false, incidents: { quiet }
  })
  await client.reload(options('1h'))
  await ask(client)
  assert.equal(asked.length, 0)
  a.script(faults.serverError())
  await ask(client)
  await until('the page is asked', () => asked.length === 1)
  await client.reload(options('1h'))
  await until('it is asked again', () => asked.length === 2)
})

test('an invalid address, and a vendor without a known page', () => {
  const found = (statusPage, more) => configProblems({ endpoints: [{ name: 'a', baseURL: 'http://127.0.0.1:1', healthCheck: { statusPage }, ...more }] })
  assert.deepEqual(found('ftp://x'), ['endpoints[0].healthCheck.statusPage must be an http:// or https:// address without credentials'])
  assert.deepEqual(found('https://u:secret@x/y'), ['endpoints[0].healthCheck.statusPage must be an http:// or https:// address without credentials'])
  assert.deepEqual(found(7), ['endpoints[0].healthCheck.statusPage must be an address, or true for the vendor\'s own, got 7'])
  assert.deepEqual(found(true), ['endpoints[0].healthCheck.statusPage is known for openai, anthropic, deepseek only; give an address'])
  assert.deepEqual(found(true, { provider: 'deepseek' }), [])
  assert.deepEqual(found(false), [])
})
