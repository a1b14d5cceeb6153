'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const path = require('node:path')
const { once } = require('node:events')
const { execFileSync } = require('node:child_process')
const { serve } = require('../helpers/client')
const { folder } = require('../servers/helpers')
const { blackhole } = require('../helpers/child')
const { cli, configOf, KEY } = require('./run')

const find = (told, check) => told.findings.find((finding) => finding.check === check)

test('doctor: all that is well, a line each', async (t) => {
  const where = folder(t)
  const config = { ...configOf(serve(t)), queue: { path: path.join(where, 'q.db') }, costs: { path: path.join(where, 'costs.json') } }
  const told = await cli(t, ['doctor', '--json'], { config })
  assert.equal(told.code, 0, told.said)
  const { ok, findings } = told.json()
  assert.equal(ok, true)
  assert.deepEqual(findings.map(({ check, status }) => [check, status]), ['node', 'binary', 'configuration', 'queue', 'costs', 'A: key', 'proxy', 'A: DNS', 'A: TCP', 'A: clock', 'A: request'].map((check) => [check, 'ok']))
  // The files belong to the serving process.
  assert.deepEqual(fs.readdirSync(where), [])
  const text = await cli(t, ['doctor'], { config, env: { HTTPS_PROXY: 'http://user:secret-of-it@proxy.example:3128' } })
  assert.match(text.said, /ok {4}proxy: no proxy is used; HTTPS_PROXY names proxy\.example:3128, which is not used/)
  assert.ok(!text.said.includes('secret-of-it'))
})

test('doctor: a certificate that expires soon, and its issuer', async (t) => {
  const where = folder(t)
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(where, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '5', '-subj', '/O=Five Days/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' })
  const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (_request, response) => response.end('{"data":[]}')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const config = { endpoints: [{ name: 'A', base_url: `https://localhost:${server.address().port}/v1`, api_key: KEY }] }
  const told = (await cli(t, ['doctor', '--json'], { config, env: { NODE_EXTRA_CA_CERTS: cert } })).json()
  assert.equal(find(told, 'A: TLS').status, 'warn')
  assert.match(find(told, 'A: TLS').message, /the certificate expires in [45] days: TLSv1\.3, signed by Five Days, until \d{4}-\d\d-\d\d/)
  assert.equal(find(told, 'A: TLS').advice, 'renew the certificate')
  const strange = (await cli(t, ['doctor', '--json'], { config })).json()
  assert.match(find(strange, 'A: TLS').message, /the certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
  const named = (await cli(t, ['doctor', '--json'], { config: { ...config, tls: { ca: fs.readFileSync(cert, 'utf8') } } })).json()
  assert.match(find(named, 'A: TLS').message, /^the certificate expires in/)
  assert.deepEqual([find(strange, 'A: request').status, strange.ok], ['fail', false])
  const expired = serve(t, { tls: 'expired' })
  const ended = (await cli(t, ['doctor', '--json'], { config: configOf(expired) })).json()
  assert.deepEqual([find(ended, 'A: TLS').status, ended.ok], ['fail', false])
  assert.match(find(ended, 'A: TLS').message, /the certificate has expired/)
})

test('doctor: a clock that is wrong', async (t) => {
  let away = 0
  const server = http.createServer((_request, response) => response.setHeader('date', new Date(Date.now() + away).toUTCString()).end('{"data":[]}')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const config = { endpoints: [{ name: 'A', base_url: `http://127.0.0.1:${server.address().port}/v1`, api_key: KEY }] }
  for (const [ms, status, says] of [[0, 'ok', /within some seconds/], [60_000, 'warn', /clock is (?:59|60|61) s behind/], [-3_600_000, 'fail', /clock is 3600 s ahead of|clock is 3601 s ahead of/]]) {
    away = ms
    const { code, json } = await cli(t, ['doctor', '--json'], { config })
    assert.deepEqual([find(json(), 'A: clock').status, code], [status, status === 'fail' ? 1 : 0])
    assert.match(find(json(), 'A: clock').message, says)
  }
})

test('doctor: no server, a refused key, a hanging port, files that cannot be written, an invalid configuration', async (t) => {
  const refusing = serve(t, { keys: ['another'] })
  const config = {
    endpoints: [
      { name: 'gone', base_url: 'http://127.0.0.1:1/v1', api_key: KEY },
      { name: 'unknown', base_url: 'http://name.invalid/v1', api_key: KEY },
      { name: 'refusing', base_url: refusing.url, api_key: KEY },
      { name: 'hanging', base_url: `${await blackhole(t)}/v1`, api_key: KEY }
    ],
    queue: { path: '/nowhere/at/all/q.db' }
  }
  const { code, json } = await cli(t, ['doctor', '--json', '--timeout', '1s'], { config })
  assert.equal(code, 1)
  for (const [check, says] of [
    ['gone: TCP', /port 1 does not answer: ECONNREFUSED/],
    ['gone: request', /./],
    ['unknown: DNS', /name\.invalid has no address: (?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT)/],
    ['refusing: request', /the key is invalid or has expired/],
    ['hanging: TCP', /does not answer: ETIMEDOUT/],
    ['queue', /q\.db cannot be written: ENOENT/]
  ]) {
    assert.equal(find(json(), check)?.status, 'fail', check)
    assert.match(find(json(), check).message, says)
    assert.ok(find(json(), check).advice, check)
  }
  const none = await cli(t, ['doctor', '--json'], { config: { endpoints: [{ base_urll: 1 }] } })
  assert.equal(none.code, 1)
  assert.ok(none.json().findings.some(({ check, status, message }) => check === 'configuration' && status === 'fail' && message.includes('base_urll')), none.said)
  const misused = await cli(t, ['doctor', '--timeout', 'soon'])
  assert.deepEqual([misused.code, misused.said], [2, ''])
})
