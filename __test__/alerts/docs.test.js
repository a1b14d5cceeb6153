'use strict'

// docs/alerts.md lists every alert, and its program verifies signatures.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { webhookForwarder } = require('../..')
const { SECRET, receiver } = require('./helpers')

const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'alerts.md'), 'utf8')
const schema = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'schema', 'bellwether.schema.json'), 'utf8'))

test('every kind of alert, and every option of forwarders and of rules, is in the document', () => {
  const { properties } = schema.properties.alerts
  const words = (one) => one.enum ?? one.anyOf?.flatMap(words) ?? []
  const kinds = words(properties.on)
  assert.equal(kinds.length, 12)
  for (const kind of kinds) assert.match(text, new RegExp(`^\\|.*\`${kind}\`.*\\|`, 'm'), kind)
  const camel = (name) => name.replace(/_(.)/g, (_, c) => c.toUpperCase())
  for (const name of Object.keys(properties).map(camel)) assert.ok(['slackWebhook', 'alertOn', 'routingRules', 'endpoint'].includes(name) || text.includes(name), name)
})

test('the document’s program accepts what is sent, and nothing that was changed', async (t) => {
  const program = /import \{ createHmac[\s\S]*?\n\nfunction isGenuine ([\s\S]*?\n\})\n/.exec(text)
  const { createHmac, timingSafeEqual } = require('node:crypto')
  const isGenuine = new Function('createHmac', 'timingSafeEqual', `return function ${program[1]}`)(createHmac, timingSafeEqual)
  const to = await receiver(t, 'webhook')
  const forward = webhookForwarder(to.url, { secret: SECRET, proxy: false })
  forward({ severity: 'critical', service: 's', kind: 'k', message: 'm', status: 'firing' })
  await forward.close()
  const [{ headers, raw }] = to.seen
  assert.equal(isGenuine(headers, raw, SECRET), true)
  assert.equal(isGenuine(headers, raw.replace('"s"', '"t"'), SECRET), false)
  assert.equal(isGenuine({ ...headers, 'webhook-timestamp': `${headers['webhook-timestamp'] - 1}` }, raw, SECRET), false)
  assert.equal(isGenuine({ ...headers, 'webhook-timestamp': '1000' }, raw, SECRET), false)
})
