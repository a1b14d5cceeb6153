'use strict'

// `/metrics` as it comes over HTTP, judged by Prometheus' own tool.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { lint } = require('./prometheus')
const { setup, ask, faults } = require('../helpers/client')
const { mount } = require('../http/helpers')

test('/metrics passes promtool', async (t) => {
  const { client, a } = setup(t, {})
  const { url } = await mount(t, client)
  a.script(faults.serverError())
  await ask(client)
  const response = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain;version=0.0.4' } })
  const text = await response.text()
  assert.match(text, /bellwether_requests_total\{.*outcome="ok".*\} 1/)
  assert.deepEqual(lint(text), { status: 0, said: '' })
})
