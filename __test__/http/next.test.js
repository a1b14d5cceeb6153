'use strict'

// The route handlers in Next itself: built, started, asked.

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
const SHARED = ['next', 'react', 'react-dom']

/** The app in a folder of its own, with bellwether in it as it would be installed. */
function app (t) {
  const at = folder(t)
  fs.cpSync(path.join(__dirname, 'next-app'), at, { recursive: true })
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
  const cwd = app(t)
  const env = { VENDOR: vendor.url }
  // Turbopack would not follow the links of SHARED.
  const build = next(t, cwd, ['build', '--webpack'], env)
  const [code] = await once(build, 'close')
  assert.equal(code, 0, build.said)
  const port = await freePort()
  const server = next(t, cwd, ['start', '-H', '127.0.0.1', '-p', String(port)], env)
  const url = `http://127.0.0.1:${port}/ai`
  await until('it has started', () => fetch(`${url}/livez`).then(({ ok }) => ok, () => { assert.equal(server.exitCode, null, server.said) }), 30_000)

  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: '-', maxRetries: 0 })
  assert.equal((await openai.chat.completions.create(CHAT)).choices[0].message.content, 'Hello from A')
  let text = ''
  for await (const chunk of await openai.chat.completions.create({ ...CHAT, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
  assert.equal(text, 'Hello from A')
  const content = 'x'.repeat(2 << 20)
  assert.equal((await post(`${url}/v1/chat/completions`, { ...CHAT, messages: [{ role: 'user', content }] })).status, 200)
  const refused = await post(`${url}/v1/messages`, { model: 'gpt-4o', messages: 'none' })
  assert.deepEqual([refused.status, (await refused.json()).type], [400, 'error'])

  vendor.script(faults.stall({ after: 1 }))
  const before = vendor.hits({ outcome: 'clientAborted' }).length
  const gone = new AbortController()
  const asked = await post(`${url}/v1/chat/completions`, { ...CHAT, stream: true }, { signal: gone.signal })
  await asked.body.getReader().read()
  gone.abort()
  await vendor.waitForHits(before + 1, { outcome: 'clientAborted' })

  assert.equal((await fetch(`${url}/health`)).headers.get('content-type'), 'application/health+json')
  const page = await fetch(`${url}/dashboard/`)
  assert.match(await page.text(), /<base href="dashboard\/">[^]*content="\.\.\/events"/)
  const listener = await follow(t, `${url}/events`)
  await listener.next(({ event }) => event === 'snapshot')
  await openai.chat.completions.create(CHAT)
  assert.equal((await listener.next(({ event }) => event === 'attempt')).data.outcome, 'ok')
})
