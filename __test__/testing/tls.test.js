'use strict'

const assert = require('node:assert/strict')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')
const { faults, serve, MESSAGES } = require('./helpers')

function post(server, options = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = https.request(`${server.url}/v1/chat/completions`, { method: 'POST', ca: server.ca, agent: false, ...options }, async (response) => {
      let text = ''
      try {
        for await (const chunk of response) text += chunk
        resolve({ status: response.statusCode, text })
      } catch (error) { reject(error) }
    })
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ model: 'm', messages: MESSAGES, stream: true }))
  })
}

test('server.ca vouches for localhost, 127.0.0.1 and ::1', async (t) => {
  const server = serve(t, { tls: true })
  assert.ok(server.url.startsWith('https://'))
  assert.equal((await post(server)).status, 200)
  for (const host of ['localhost', '127.0.0.1']) {
    const socket = tls.connect({ host, port: server.port, ca: server.ca })
    await once(socket, 'secureConnect')
    assert.ok(socket.authorized)
    socket.destroy()
  }
})

test('the test certificates outlive this decade', (t) => {
  const ca = serve(t, { tls: true }).ca
  assert.match(ca, /^-----BEGIN CERTIFICATE-----/)
  const { X509Certificate } = require('node:crypto')
  assert.ok(Date.parse(new X509Certificate(ca).validTo) > Date.UTC(2100, 0))
})

for (const [word, code] of [['expired', 'CERT_HAS_EXPIRED'], ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'], ['untrusted', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/]]) {
  test(`${word}: a client must refuse it`, async (t) => {
    const server = serve(t, { tls: word })
    await assert.rejects(post(server), (error) => (code instanceof RegExp ? code.test(error.code) : error.code === code))
    assert.equal(server.totalHits, 0)
  })
}

test('a certificate of one’s own', async (t) => {
  const read = (file) => readFileSync(join(__dirname, '../../testing/certs', file))
  const server = serve(t, { tls: { key: read('untrusted.key.pem'), cert: read('untrusted.pem') } })
  assert.equal((await post(server, { rejectUnauthorized: false })).status, 200)
})

test('faults strike under TLS: reset, close, cut, hang at accept', async (t) => {
  const server = serve(t, { tls: true })
  server.script(faults.reset(), faults.reset({ at: 'accept' }), faults.close(), faults.cut(), faults.combine(faults.stall({ after: 1, for: '20ms' }), faults.cut({ how: 'reset' })))
  for (let i = 0; i < 5; i++) await assert.rejects(post(server), { code: 'ECONNRESET' })
  assert.equal((await post(server)).status, 200)
  assert.deepEqual(server.hits().map((hit) => hit.outcome), [...Array(5).fill('cut'), 'answered'])
  server.script(faults.hang({ at: 'accept' }))
  const hanging = assert.rejects(post(server))
  await server.waitForHits(7)
  server.dropConnections()
  await hanging
})

test('a TLS server that stops while connections end leaves nothing running', async (t) => {
  const server = serve(t, { tls: true })
  server.always(faults.stall({ after: 1 }))
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: server.ca })
  await once(socket, 'secureConnect')
  const body = JSON.stringify({ model: 'm', messages: [], stream: true })
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  await once(socket, 'data')
  socket.destroy()
  await server.waitForHits(1, { outcome: 'clientAborted' })
  await server.close()
  assert.equal(server.connections, 0)
})

for (const options of [{ tls: true }, { tls: true, h2: true }, { h2: true }, {}]) {
  test(`clients that leave at any moment leave nothing open: ${JSON.stringify(options)}`, async (t) => {
    const server = serve(t, options)
    server.always(faults.hang())
    for (const bytes of [0, 1, 100]) {
      for (const leave of ['destroy', 'resetAndDestroy']) {
        const socket = net.connect(server.port, '127.0.0.1')
        await once(socket, 'connect')
        await new Promise((resolve) => socket.write(bytes === 100 ? 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' : Buffer.alloc(bytes, 22), resolve))
        while (server.connections === 0) await new Promise(setImmediate)
        socket[leave]()
        while (server.connections > 0) await new Promise(setImmediate)
      }
    }
  })
}

test('halfOpen under TLS keeps reading', async (t) => {
  const server = serve(t, { tls: true })
  server.script(faults.halfOpen())
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca: server.ca, allowHalfOpen: true })
  socket.resume()
  await once(socket, 'secureConnect')
  const body = JSON.stringify({ model: 'm', messages: [] })
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  await once(socket, 'end')
  assert.equal(server.connections, 1)
  assert.equal(server.hits()[0].outcome, 'pending')
  socket.end()
  await server.waitForHits(1, { outcome: 'clientAborted' })
})
