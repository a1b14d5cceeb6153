'use strict'

// `bellwether top` without a terminal: once, as lines, and with errors.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { once } = require('node:events')
const { spawn } = require('node:child_process')
const { createInterface } = require('node:readline')
const { text } = require('node:stream/consumers')
const { setup, ask, until, faults } = require('../helpers/client')
const { mount, listen } = require('../http/helpers')

const CLI = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const MOUNTED = { dashboard: true, events: true, authorize: 'none' }
const QUICK = ['--interval', '100ms']

function start (t, args, env = {}) {
  const child = spawn(process.execPath, [CLI, 'top', ...args], { env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: '', ...env } })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function top (t, args, env) {
  const child = start(t, args, env)
  const [said, complained, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { said, complained, code }
}

test('once: how it stands, as text without colours; 0 if all is well, 1 if not', async (t) => {
  const { client, a } = setup(t, { breaker: { failureThreshold: 1, recoveryTimeout: '60s' }, budgets: [{ name: 'daily', per: 'day', limit: 5 }] })
  const { url } = await mount(t, client, MOUNTED)
  await ask(client)
  const well = await top(t, [`${url}/dashboard`, ...QUICK])
  assert.deepEqual([well.code, well.complained], [0, ''])
  assert.match(well.said, /✓ Healthy: All 2 endpoints answer\./)
  assert.match(well.said, /\n {2}A +✓ Healthy +Closed +– +1 +100 %/)
  assert.match(well.said, /░ daily: \$0\.00 of \$5\.00 a day\n/)
  a.always(faults.serverError())
  await ask(client)
  const bad = await top(t, [`${url}/dashboard/`, ...QUICK, '--once'])
  assert.equal(bad.code, 1)
  assert.match(bad.said, /! Degraded: A is down; 1 of 2 is healthy\./)
  assert.match(bad.said, /\n {2}A +✕ Down +Open, \d+ s/)
  assert.match(bad.said, /Alerts: 1 firing, 0 resolved\n {2}! warning since [\d:]+: A: calls fail over to B/)
  assert.match(bad.said, /Incidents: 1 open, 1 in all\n {2}✕ [\d:]+ A, open for .*: 1 rescued, 0 failed; without failover 1/)
  // eslint-disable-next-line no-control-regex -- nothing steers the terminal
  assert.doesNotMatch(bad.said, /[\u0000-\u0009\u000b-\u001f\u00a0]/)
  for (const plain of [await top(t, [`${url}/dashboard`, ...QUICK, '--ascii']), await top(t, [`${url}/dashboard`, ...QUICK], { LANG: 'C' })]) {
    assert.match(plain.said, /\n {2}A +x Down/)
    assert.match(plain.said, /^[\n -~]+$/)
  }
})

test('as JSON: an object each interval, with figures, until it is ended; one with --once', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, MOUNTED)
  const child = start(t, [`${url}/dashboard`, '--json', ...QUICK])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value)
  assert.equal((await next()).endpoints[0].name, 'A')
  for (;;) {
    await ask(client)
    const { figures, calls } = await next()
    if (figures.perSecond > 0 && figures.p95 > 0) {
      assert.ok(calls.ok > 0 && figures.success === 1)
      break
    }
  }
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  const { said, code } = await top(t, [`${url}/dashboard`, '--json', '--once', ...QUICK])
  assert.deepEqual([said.trimEnd().split('\n').length, JSON.parse(said).health.overallStatus, code], [1, 'healthy', 0])
})

test('an error names the fix, and the exit code is 2', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...MOUNTED, authorize: ({ headers }) => headers.authorization === 'Bearer right' })
  const other = await listen(t, (req, res) => res.end('{"endpoints":[]}'))
  const at = `${url}/dashboard`
  const gone = await listen(t, () => {})
  gone.server.close()
  await once(gone.server, 'close')
  const table = [
    [[], /the dashboard's address is missing/], [['ftp://x'], /must begin with http/], [['x'], /must begin with http/], [['http://me:secret@x/'], /must not contain a password.*--token-env/],
    [[at, '--interval', '1'], /--interval must be/], [[at, '--interval', '50ms'], /--interval must be from 100ms to 1h/], [[at, '--often'], /unknown option '--often'/], [[at, 'y'], /unexpected argument/],
    [[at], /requires a token \(401\): set it with --token-env NAME/], [[at, '--token-env', 'WRONG'], /401\): the given token is wrong/], [[at, '--token-env', 'NONE'], /NONE must contain the token, but is empty/],
    [[`${gone.url}/dashboard`], /cannot be reached \(ECONNREFUSED\): is the process running/], [[`${url}/health`], /answers 418: use the address of a dashboard/], [[other.url], /is not the data of a dashboard of this version/]
  ]
  await Promise.all(table.map(async ([args, wanted]) => {
    const { code, said, complained } = await top(t, args, { WRONG: 'wrong-token' })
    assert.deepEqual([code, said], [2, ''], args.join(' '))
    assert.match(complained, wanted)
    assert.doesNotMatch(complained, /secret|wrong-token|\n {4}at /)
  }))
  const { code, said } = await top(t, [at, '--token-env', 'RIGHT', ...QUICK], { RIGHT: 'right' })
  assert.deepEqual([code, /Healthy/.test(said)], [0, true])
  assert.match((await top(t, ['--help'])).said, /Examples:\n {2}bellwether top http/)
})

test('data of another version, or an incomplete response, is reported as such', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const good = JSON.parse(JSON.stringify(require('../../lib/http/events/feed').Feed.of(client).data()))
  const odd = [{ ...good, alerts: [null] }, { ...good, endpoints: [{ name: 'A' }] }, { ...good, incidents: ['x'] }, { ...good, costs: { report: {} } }]
  const answers = [...odd.map((data) => (res) => res.end(JSON.stringify(data))), (res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end('{}')]
  await Promise.all(answers.map(async (answer, i) => {
    const { url } = await listen(t, (req, res) => answer(res))
    const { code, said, complained } = await top(t, [url, ...QUICK])
    assert.deepEqual([code, said], [2, ''], String(i))
    assert.match(complained, /^bellwether top: .*(does not answer like a dashboard of this version|broke off its response)/)
    assert.doesNotMatch(complained, /Cannot read|undefined/)
  }))
})

test('its token is sent to no other origin, whatever address of events the page names', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const data = JSON.stringify(require('../../lib/http/events/feed').Feed.of(client).data())
  const asked = []
  const elsewhere = await listen(t, (req, res) => { asked.push(req.headers.authorization); res.end() })
  let pages = 0
  const { url } = await listen(t, (req, res) => {
    if (req.url === '/data.json') return res.end(data)
    // By the second one it has done what it does with the first.
    pages++
    res.end(`<meta name="bellwether-events" content="${elsewhere.url}/events">`)
  })
  const { stdout } = start(t, [url, '--json', '--token-env', 'RIGHT', ...QUICK], { RIGHT: 'right' })
  stdout.resume()
  await until('it has come back', () => pages > 1)
  assert.deepEqual(asked, [])
})

test('names of others steer no terminal', async (t) => {
  const { client } = setup(t, { servers: 1, endpoint: () => ({ name: '\u202eevil \u{1F600} 漢字 name' }) })
  const data = JSON.stringify(require('../../lib/http/events/feed').Feed.of(client).data()).replace('evil', '\\u001b]0;pwned\\u0007\\u001b[2J\\u009b31m')
  const { url } = await listen(t, (req, res) => res.end(data))
  const { said } = await top(t, [url, ...QUICK])
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  assert.doesNotMatch(said, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  assert.match(said, /\]0;pwned�.*漢字 na/)
})
