'use strict'

// `bellwether serve`: authorization, addresses, and shutdown.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const OpenAI = require('openai')
const { serve, until, faults, KEY } = require('../helpers/client')
const { folder } = require('../servers/helpers')
const { CHAT, post, follow } = require('../http/helpers')

const BIN = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const TOKEN = 'a-token-of-this-test'

/** The running command, its output by lines, and its end. */
function start (t, args, { vendor, env = {} } = {}) {
  const cwd = folder(t)
  if (vendor) {
    fs.writeFileSync(path.join(cwd, 'bellwether.json'), JSON.stringify({ endpoints: [{ name: 'A', base_url: vendor.url, api_key: KEY }], proxy: false }))
  }
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [BIN, 'serve', ...args], { cwd, env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let [said, complained] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => { said += text })
  child.stderr.setEncoding('utf8').on('data', (text) => { complained += text })
  const ended = once(child, 'close').then(([code]) => ({ code, said, complained }))
  const listening = async () => {
    await until('it listens', () => said.includes('\n') || child.exitCode !== null)
    const found = /http:\/\/[^\s"]+/.exec(said)
    assert.ok(found, complained)
    return found[0]
  }
  return { child, ended, listening }
}

test('authorization must be configured, and other addresses need a token', async (t) => {
  for (const [args, env, why] of [
    [[], {}, /--token-env NAME is required/],
    [['--no-auth', '--host', '0.0.0.0'], {}, /--no-auth requires 127\.0\.0\.1/],
    [['--no-auth', '--token-env', 'T'], { T: TOKEN }, /exclude each other/],
    [['--token-env', 'T'], {}, /T must contain a token of at least 16 characters, but is empty or not set/],
    [['--token-env', 'T'], { T: 'short' }, /but has 5/],
    [['--token-env', 'T'], { T: 'with a space in the middle' }, /without spaces/],
    [['--no-auth', '--port', '65536'], {}, /--port must be a number from 0 to 65535, got '65536'/],
    [['--no-auth', '--drain', 'soon'], {}, /--drain must be milliseconds/],
    [['--no-auth', '--config', 'none.yaml'], {}, /none\.yaml/],
    [['--no-auth', '--prot', '1'], {}, /--prot/]
  ]) {
    const { code, said, complained } = await start(t, args, { env: { OPENAI_API_KEY: KEY, ...env } }).ended
    assert.deepEqual([code, said], [2, ''], args.join(' '))
    assert.match(complained, why)
    assert.ok(!complained.includes(TOKEN))
  }
  const { code, said } = await start(t, ['--help']).ended
  assert.equal(code, 0)
  assert.match(said, /Examples:/)
})

test('a token opens it wherever an SDK puts its key; a browser may look with it, and not spend', async (t) => {
  const vendor = serve(t)
  const { child, ended, listening } = start(t, ['--token-env', 'T', '--port', '0'], { vendor, env: { T: TOKEN } })
  const url = await listening()
  const status = async (path, headers, body) => (await fetch(url + path, { headers, redirect: 'manual', ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}) })).status
  const basic = { authorization: `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}` }
  for (const headers of [{ authorization: `Bearer ${TOKEN}` }, { 'x-api-key': TOKEN }, { 'x-goog-api-key': TOKEN }, { 'api-key': TOKEN }]) {
    assert.equal(await status('/v1/chat/completions', headers, CHAT), 200)
    assert.equal(await status('/metrics', headers), 200)
  }
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TOKEN }, { 'x-api-key': `${TOKEN}x` }, basic]) assert.equal(await status('/v1/chat/completions', headers, CHAT), 401)
  for (const path of ['/dashboard/', '/dashboard/data.json', '/metrics']) assert.deepEqual([await status(path, basic), await status(path)], [200, 401], path)
  for (const path of ['/livez', '/readyz', '/health']) assert.equal(await status(path), 200, path)
  assert.equal((await fetch(`${url}/dashboard/`)).headers.get('www-authenticate'), 'Basic realm="bellwether"')
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: TOKEN, maxRetries: 0 })
  assert.equal((await openai.chat.completions.create(CHAT)).choices.length, 1)
  child.kill('SIGINT')
  const { code, said, complained } = await ended
  assert.deepEqual([code, complained], [0, ''])
  assert.ok(!(said + complained).includes(TOKEN) && !said.includes(KEY))
})

test('without a token no page of another site may use it, by whatever name', async (t) => {
  const vendor = serve(t)
  const { listening } = start(t, ['--no-auth', '--port', '0', '--json'], { vendor })
  const url = await listening()
  const ask = async (headers) => {
    const request = http.request(`${url}/v1/chat/completions`, { method: 'POST', headers })
    request.end(JSON.stringify(CHAT))
    const [response] = await once(request, 'response')
    response.resume()
    return response.statusCode
  }
  const { host, port } = new URL(url)
  for (const headers of [{}, { host: `localhost:${port}` }, { origin: url }]) assert.equal(await ask(headers), 200)
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { host: `rebound.example:${port}` }, { host, origin: `http://localhost:1` }]) assert.equal(await ask(headers), 403)
})

test('SIGTERM under load loses no call: what has come is answered, what listens is sent away, and then it ends', async (t) => {
  const vendor = serve(t)
  vendor.always(faults.slowHeaders('20ms'))
  const { child, ended, listening } = start(t, ['--no-auth', '--port', '0', '--json', '--drain', '20s'], { vendor })
  const url = await listening()
  const events = await follow(t, `${url}/events`)
  await events.next(({ event }) => event === 'snapshot')
  const results = { answered: 0, refused: 0, lost: [] }
  const call = (agent, stream) => new Promise((resolve) => {
    let isSent = false
    const request = http.request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => { text += piece }).on('error', (error) => { results.lost.push(error.code); resolve(false) }).on('end', () => {
        const isWhole = response.statusCode === 200 && (stream ? text.includes('[DONE]') : text.includes('"choices"'))
        if (isWhole) results.answered++
        else results.lost.push(`${response.statusCode} ${text.slice(0, 80)}`)
        resolve(isWhole)
      })
    })
    request.on('socket', (socket) => { if (socket.connecting) socket.once('connect', () => { isSent = true }); else isSent = true })
    request.on('error', (error) => {
      // No caller was left to receive it.
      if (!isSent && error.code === 'ECONNREFUSED') results.refused++
      else results.lost.push(error.code)
      resolve(false)
    })
    request.end(JSON.stringify({ ...CHAT, stream }))
  })
  const workers = Array.from({ length: 20 }, async (_, i) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    while (await call(agent, i % 2 === 0));
    agent.destroy()
  })
  await until('there is load', () => results.answered > 100)
  child.kill('SIGTERM')
  const { code, said, complained } = await ended
  await Promise.all(workers)
  assert.deepEqual(results.lost, [])
  assert.equal(results.refused, 20)
  assert.equal(vendor.hits().length, results.answered)
  assert.deepEqual([code, complained], [0, ''])
  assert.deepEqual(said.trim().split('\n').map((line) => JSON.parse(line).event), ['listening', 'ending', 'ended'])
  await events.done
  assert.equal(events.events.at(-1).event, 'closing')
})

test('during shutdown it is not ready; calls beyond the drain time are cut, with exit code 1; a second signal ends it at once', async (t) => {
  const vendor = serve(t)
  vendor.always(faults.hang())
  for (const [args, again] of [[['--drain', '700ms'], false], [['--drain', '1h'], true]]) {
    const { child, ended, listening } = start(t, ['--no-auth', '--port', '0', ...args], { vendor })
    const url = await listening()
    const agent = new http.Agent({ keepAlive: true })
    const get = async (path) => {
      const [response] = await once(http.get(url + path, { agent }), 'response')
      response.resume()
      await once(response, 'end')
      return response
    }
    assert.equal((await get('/readyz')).statusCode, 200)
    const before = vendor.hits().length
    const asked = post(`${url}/v1/chat/completions`, CHAT).then((response) => response.status, () => 'cut')
    await vendor.waitForHits(before + 1)
    child.kill('SIGTERM')
    // The connection that was there before still brings what it brings.
    await until('it is not ready', async () => (await get('/readyz')).statusCode === 503)
    if (again) child.kill('SIGTERM')
    const { code, said } = await ended
    assert.equal(code, 1)
    assert.match(said, again ? /ended at once/ : /1 calls were cut short/)
    assert.equal(await asked, again ? 'cut' : 503)
    agent.destroy()
  }
})
