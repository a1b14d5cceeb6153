'use strict'

// HTTP/2 and TLS as a server nobody here wrote speaks them.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')
const { createFaultServer, faults } = require('../../testing')
const { run, freePort, folder } = require('./helpers')

const CERTS = path.join(__dirname, '..', '..', 'testing', 'certs')

async function gateway (t, vendor) {
  const dir = folder(t)
  const port = await freePort()
  const config = path.join(dir, 'nginx.conf')
  fs.writeFileSync(config, `
    daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr;
    events { worker_connections 1024; }
    http {
      access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
      uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      server {
        listen 127.0.0.1:${port} ssl http2;
        ssl_certificate ${CERTS}/trusted.pem; ssl_certificate_key ${CERTS}/trusted.key.pem;
        http2_max_concurrent_streams 8; keepalive_requests 20;
        gzip on; gzip_types application/json; gzip_min_length 1;
        location / { proxy_pass ${vendor.origin}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
      }
    }`)
  await run(t, 'nginx', ['-p', dir, '-c', config], port)
  return `https://127.0.0.1:${port}/v1`
}

test('calls and streams over HTTP/2, through GOAWAY every twenty requests and eight streams at a time', async (t) => {
  const vendor = createFaultServer({ name: 'behind nginx' })
  t.after(() => vendor.close())
  const baseURL = await gateway(t, vendor)
  const ca = createFaultServer({ tls: true })
  t.after(() => ca.close())
  const client = new FailoverClient({ endpoints: [{ name: 'nginx', baseURL, apiKey: 'k' }], tls: { ca: ca.ca } })
  t.after(() => client.close({ drain: 0 }))
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(client, i % 2 === 0)))
  assert.deepEqual(new Set(answers), new Set(['Hello from behind nginx']))
  assert.equal(vendor.totalHits, 200, 'nobody was asked twice')
})

test('a gateway that answers 502 for a dead vendor is left for another', async (t) => {
  const vendor = createFaultServer()
  const backup = createFaultServer({ name: 'backup', tls: true })
  t.after(() => Promise.all([vendor.close(), backup.close()]))
  const baseURL = await gateway(t, vendor)
  const client = new FailoverClient({
    endpoints: [{ name: 'nginx', baseURL, apiKey: 'k' }, { name: 'backup', baseURL: backup.url, apiKey: 'k' }],
    tls: { ca: backup.ca }
  })
  t.after(() => client.close({ drain: 0 }))
  vendor.stop()
  const answer = await client.chatCompletion('gpt-4o', 'hi')
  assert.equal(answer.choices[0].message.content, 'Hello from backup')
  assert.equal(answer.report.attempts[0].status, 502)
  assert.equal(answer.report.attempts[0].reason, 'serverError')
  vendor.start()
  vendor.script(faults.healthy())
})

async function ask (client, stream) {
  const answer = await client.chatCompletion('gpt-4o', 'hi', { stream })
  if (!stream) return answer.choices[0].message.content
  let text = ''
  for await (const piece of answer.textStream) text += piece
  return text
}
