'use strict'

// TLS that does not come about. Each kind is the origin's fault and known at once, nothing is sent in the clear and
// nothing stays behind.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const tls = require('node:tls')
const { QUICK, KEY, serve, openClient, ask, textOf, attemptSummary, until } = require('../helpers/client')
const { pem, listen, raw, relay, answer } = require('./helpers')

/** A fatal alert: 40 handshake failure, 112 unrecognized name, 120 no application protocol. */
const alert = (code) => Buffer.from([21, 3, 3, 0, 2, 2, code])
const identity = (name) => ({ key: pem(`${name}.key`), cert: pem(name) })

/** A server that presents a certificate. */
const presents = (name, options) => (t) => secure(t, { ...identity(name), ...options })

/** What happens to the connection once the client's first message has come. */
const after = (act) => (t) => raw(t, (socket) => socket.once('data', () => act(socket)))

/** The first bytes of a good server's part of the handshake, and then something else. */
const partOf = (bytes, act) => async (t) => {
  const { port } = await secure(t, identity('trusted'))
  return relay(t, port, (client, server) => {
    client.pipe(server, { end: false })
    server.once('data', (answer) => client.write(answer.subarray(0, bytes), () => act(client)))
  })
}

async function secure (t, options) {
  const server = tls.createServer(options, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {})
  return listen(t, server)
}

const rows = [
  // name, server, reason, what the message contains
  ['expired', presents('expired'), 'tls', /the certificate of 127\.0\.0\.1 expired at \d{4}-\d\d-\d\dT/],
  ['not valid yet', presents('not-yet-valid'), 'tls', /is valid from \d{4}-\d\d-\d\dT.*this machine's clock/],
  ['for another host', presents('wrong-host'), 'tls', /not for the name 127\.0\.0\.1/],
  ['the host only in the subject', presents('name-in-subject'), 'tls'],
  ['for clients only', presents('client-only'), 'tls'],
  ['of an unknown issuer', presents('untrusted'), 'tls', /unknown issuer; .*tls\.ca or in NODE_EXTRA_CA_CERTS/],
  ['self-signed', presents('self-signed'), 'tls'],
  ['the intermediate is missing', presents('below-intermediate'), 'tls'],
  ['TLS 1.1 at most', presents('trusted', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), 'tls'],
  ['no common cipher', presents('trusted', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' }), 'tls'],
  ['no common protocol inside', presents('trusted', { ALPNProtocols: ['imap'] }), 'tls'],
  ['plain HTTP', (t) => listen(t, http.createServer((_, response) => response.end('{}'))), 'tls', /127\.0\.0\.1:\d+ does not speak TLS/],
  ['a banner', (t) => raw(t, (socket) => socket.write('220 mail.example ESMTP\r\n')), 'tls'],
  ['garbage', after((socket) => socket.write(Buffer.alloc(4096, 0xa5))), 'tls'],
  ['an alert', after((socket) => socket.end(alert(40))), 'tls'],
  ['an alert, and the connection stays', after((socket) => socket.write(alert(112))), 'tls'],
  ['closed when it is accepted', (t) => raw(t, (socket) => socket.end()), 'tls'],
  ['closed in the handshake', after((socket) => socket.end()), 'tls'],
  ['reset in the handshake', after((socket) => socket.resetAndDestroy()), 'tls'],
  ['closed within a message', partOf(300, (socket) => socket.end()), 'tls'],
  ['reset within a message', partOf(300, (socket) => socket.resetAndDestroy()), 'tls'],
  ['garbage within a message', partOf(300, (socket) => socket.write(Buffer.alloc(4096, 0xa5))), 'tls'],
  ['silent from the start', (t) => raw(t, () => {}), 'timeoutConnect'],
  ['silent within a message', partOf(300, () => {}), 'timeoutConnect']
]

test('a handshake that fails', { concurrency: 4 }, async (t) => {
  await Promise.all(rows.map(([name, server, reason, message = /./]) => t.test(name, async (t) => {
    const a = await server(t)
    const b = serve(t, { name: 'B', tls: true })
    const client = openClient(t, {
      endpoints: [
        { name: 'A', baseURL: `https://${a.host}/v1` },
        { name: 'also A', baseURL: `https://${a.host}/other/v1` },
        { name: 'B', baseURL: b.url }
      ],
      tls: { ca: [b.ca, pem('own-ca')] },
      retry: QUICK,
      timeout: { total: '60s', connect: reason === 'tls' ? '30s' : 150 }
    })
    const [first, second] = [await ask(client), await ask(client, { stream: true })]
    assert.equal(attemptSummary(first.report.attempts), `A:next:${reason} also A:skipped:cooldown B:ok`)
    assert.equal(first.report.attempts[0].maybeBilled, undefined)
    assert.deepEqual([textOf(first), textOf(second)], ['Hello from B', 'Hello from B'])

    // One failure at a time, each as soon as its cooldown is over.
    await until('the breaker opens', async () => {
      await ask(client)
      return client.getEndpointStatus('A').breaker.state === 'open'
    }, 30_000)
    const statuses = client.getEndpointStatus()
    assert.deepEqual(statuses.map((status) => status.breaker.state), ['open', 'open', 'closed'], 'the origin is to blame')
    assert.equal(statuses[0].lastError.reason, reason)
    assert.match(statuses[0].lastError.message, message)
    assert.equal(statuses[0].failedRequests + statuses[1].failedRequests, 3)
    assert.equal(a.accepted, 3)

    await until('every connection is closed', () => a.sockets.size === 0)
    assert.ok(!a.text().includes(KEY), 'the key in the clear')
    assert.deepEqual([client.metrics.snapshot().activeCalls, ...client.getEndpointStatus().map((status) => status.inFlight)], [0, 0, 0, 0])
  })))
})

test('trust that is enough', { concurrency: true }, async (t) => {
  const below = identity('below-intermediate')
  const chain = { key: below.key, cert: below.cert + pem('intermediate') }
  await Promise.all([
    ['a self-signed leaf', identity('self-signed'), pem('self-signed')],
    ['the authority above an intermediate that is sent', chain, pem('own-ca')],
    ['an intermediate', below, pem('intermediate')]
  ].map(([name, presented, ca]) => t.test(name, async (t) => {
    const server = serve(t, { tls: presented })
    assert.equal(textOf(await ask(openClient(t, { baseURL: server.url, tls: { ca } }))), 'Hello from fault-server')
  })))
})

test('a certificate that is renewed ends the failures', async (t) => {
  const vendor = tls.createServer(identity('expired'), (socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(answer('renewed')))
  }).on('tlsClientError', () => {})
  const a = await listen(t, vendor)
  const b = serve(t, { name: 'B' })
  const client = openClient(t, {
    endpoints: [{ name: 'A', baseURL: `https://${a.host}/v1` }, { name: 'B', baseURL: b.url }],
    tls: { ca: pem('ca') },
    breaker: { recoveryTimeout: 100, maxRecoveryTimeout: 100 }
  })
  await until('the breaker opens', async () => {
    await ask(client)
    return client.getEndpointStatus('A').breaker.state === 'open'
  })
  vendor.setSecureContext(identity('trusted'))
  await until('it is asked again', async () => textOf(await ask(client)) === 'renewed')
  // Its load comes back in steps.
  assert.deepEqual([client.getEndpointStatus('A').breaker.state, client.getEndpointStatus('A').status], ['closed', 'degraded'])
})

test('a vendor that requires a client certificate refuses after the handshake: it has read no request', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const vendor = tls.createServer({ ...identity('trusted'), maxVersion, requestCert: true, rejectUnauthorized: true }).on('tlsClientError', () => {})
    const a = await listen(t, vendor)
    const b = serve(t, { name: 'B' })
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `https://${a.host}/v1` }, { name: 'B', baseURL: b.url }], tls: { ca: pem('ca') } })
    const { report } = await ask(client)
    assert.equal(attemptSummary(report.attempts), 'A:next:tls B:ok', maxVersion)
    assert.equal(report.attempts[0].maybeBilled, undefined)
  }
})

test('http where https is spoken', async (t) => {
  const b = serve(t, { name: 'B' })
  // What Node.js does about it, with OpenSSL's message: too little for an answer.
  const servers = [await secure(t, identity('trusted')), await raw(t, (socket) => socket.once('data', () => socket.end(alert(70))))]
  for (const a of servers) {
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://${a.host}/v1` }, { name: 'B', baseURL: b.url }] })
    for (const stream of [false, true]) {
      assert.equal(attemptSummary((await ask(client, { stream })).report.attempts), 'A:next:reset B:ok')
    }
    await until('every connection is closed', () => a.sockets.size === 0)
  }
})
