'use strict'

// The example of a route in Next itself: built, started, asked.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const OpenAI = require('openai')
const { serve, until, faults } = require('../helpers/client')
const { folder, freePort } = require('../servers/helpers')
const { CHAT, follow, post } = require('./helpers')

const ROOT = path.join(__dirname, '..', '..')
const TOKEN = 'of-this-test'
const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const SHARED = ['next', 'react', 'react-dom']

/** The app in a folder of its own, with bellwether in it as it would be installed. */
function app (t, vendor) {
  const at = folder(t)
  const route = path.join(at, 'app', 'ai', '[...path]')
  fs.mkdirSync(route, { recursive: true })
  fs.copyFileSync(path.join(ROOT, 'examples', 'http', 'next.route.mjs'), path.join(route, 'route.js'))
  fs.writeFileSync(path.join(at, 'next.config.mjs'), "export default { serverExternalPackages: ['bellwether'] }")
  fs.writeFileSync(path.join(at, 'bellwether.json'), JSON.stringify({ endpoints: [{ name: 'A', base_url: vendor.url, api_key: null }], proxy: false }))
  fs.writeFileSync(path.join(at, 'package.json'), '{"private":true}')
  const modules = path.join(at, 'node_modules')
  fs.mkdirSync(modules)
  for (const name of SHARED) fs.symlinkSync(path.dirname(require.resolve(`${name}/package.json`)), path.join(modules, name), 'junction')
  const addons = fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'))
  for (const name of [...require('../../package.json').files, 'package.json', ...addons]) fs.cpSync(path.join(ROOT, name), path.join(modules, 'bellwether', name), { recursive: true })
  return at
}

function next (t, cwd, args, env) {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [require.resolve('next/dist/bin/next'), ...args], { cwd, env: { PATH, HOME, NEXT_TELEMETRY_DISABLED: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  child.said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { child.said += text })
  return child
}

test('Next serves the client: the SDK, streams, departures, large bodies, events', async (t) => {
  const vendor = serve(t, { name: 'A' })
  const cwd = app(t, vendor)
  const env = { TOKEN }
  // Turbopack would not follow the links of SHARED.
  const build = next(t, cwd, ['build', '--webpack'], env)
  const [code] = await once(build, 'close')
  assert.equal(code, 0, build.said)
  const port = await freePort()
  const server = next(t, cwd, ['start', '-H', '127.0.0.1', '-p', String(port)], env)
  const url = `http://127.0.0.1:${port}/ai`
  await until('it has started', () => fetch(`${url}/livez`).then(({ ok }) => ok, () => { assert.equal(server.exitCode, null, server.said) }), 30_000)

  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: TOKEN, maxRetries: 0 })
  assert.equal((await openai.chat.completions.create(CHAT)).choices[0].message.content, 'Hello from A')
  let text = ''
  for await (const chunk of await openai.chat.completions.create({ ...CHAT, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
  assert.equal(text, 'Hello from A')
  const content = 'x'.repeat(2 << 20)
  assert.equal((await post(`${url}/v1/chat/completions`, { ...CHAT, messages: [{ role: 'user', content }] }, { headers })).status, 200)
  assert.equal((await post(`${url}/v1/chat/completions`, CHAT)).status, 401)
  const refused = await post(`${url}/v1/messages`, { model: 'gpt-4o', messages: 'none' }, { headers })
  assert.deepEqual([refused.status, (await refused.json()).type], [400, 'error'])

  vendor.script(faults.stall({ after: 1 }))
  const before = vendor.hits({ outcome: 'clientAborted' }).length
  const gone = new AbortController()
  const asked = await post(`${url}/v1/chat/completions`, { ...CHAT, stream: true }, { headers, signal: gone.signal })
  await asked.body.getReader().read()
  gone.abort()
  await vendor.waitForHits(before + 1, { outcome: 'clientAborted' })

  assert.equal((await fetch(`${url}/health`)).headers.get('content-type'), 'application/health+json')
  const page = await fetch(`${url}/dashboard/`, { headers })
  assert.match(await page.text(), /<base href="dashboard\/">[^]*content="\.\.\/events"/)
  const listener = await follow(t, `${url}/events`, { headers })
  await listener.next(({ event }) => event === 'snapshot')
  await openai.chat.completions.create(CHAT)
  assert.equal((await listener.next(({ event }) => event === 'attempt')).data.outcome, 'ok')
})
