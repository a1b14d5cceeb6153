'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')
const { createFaultServer } = require('../../testing')
const { run, freePort, folder } = require('./helpers')

for (const tls of [true, false]) {
  test(`${tls ? 'a tunnel' : 'plain requests'} through tinyproxy, with its password`, async (t) => {
    const vendor = createFaultServer({ name: 'vendor', tls })
    t.after(() => vendor.close())
    const dir = folder(t)
    const port = await freePort()
    const config = path.join(dir, 'tinyproxy.conf')
    fs.writeFileSync(config, `Port ${port}\nListen 127.0.0.1\nBasicAuth user secret\nConnectPort ${vendor.port}\n`)
    await run(t, 'tinyproxy', ['-d', '-c', config], port)
    const open = (proxy) => {
      const client = new FailoverClient({
        endpoints: [{ name: 'vendor', baseURL: vendor.url, apiKey: 'k' }], proxy, maxRetries: 0, ...(tls && { tls: { ca: vendor.ca } })
      })
      t.after(() => client.close({ drain: 0 }))
      return client
    }
    const answer = await open(`http://user:secret@127.0.0.1:${port}`).chatCompletion('gpt-4o', 'hi')
    assert.equal(answer.choices[0].message.content, 'Hello from vendor')
    await assert.rejects(open(`http://user:wrong@127.0.0.1:${port}`).chatCompletion('gpt-4o', 'hi'), (error) => {
      assert.ok(!error.message.includes('wrong'))
      return true
    })
    assert.equal(vendor.totalHits, 1)
  })
}
