'use strict'

// Receivers of alerts on 127.0.0.1 that are as strict as the services they stand for.

const http = require('node:http')
const { createHmac, timingSafeEqual } = require('node:crypto')

const SLACK_PATH = '/services/T00000000/B00000000/CANARYslackCANARYslack'
const DISCORD_PATH = '/api/webhooks/100000000000000000/CANARYdiscord-token_CANARYdiscord'
const ROUTING_KEY = 'CANARYpagerdutyCANARYpagerduty00'
const SECRET = `whsec_${Buffer.from('CANARYwebhookCANARYwebhook').toString('base64')}`

const judges = {
  slack (body, path) {
    if (path !== SLACK_PATH) return [404, 'no_service']
    const problem = slackProblem(body)
    return problem ? [400, problem] : [200, 'ok']
  },
  discord (body, path) {
    if (path !== DISCORD_PATH) return [404, JSON.stringify({ message: 'Unknown Webhook', code: 10015 })]
    const problem = discordProblem(body)
    return problem ? [400, JSON.stringify({ message: problem, code: 50035 })] : [204, '']
  },
  pagerduty (body) {
    const errors = pagerdutyErrors(body)
    if (errors.length > 0) return [400, JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors })]
    return [202, JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: body.dedup_key })]
  },
  webhook (body, path, headers, raw) {
    const id = headers['webhook-id']
    const timestamp = headers['webhook-timestamp']
    if (!id || Math.abs(Date.now() / 1000 - timestamp) > 300) return [401, 'stale']
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
    const wanted = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${raw}`).digest('base64')}`)
    const given = Buffer.from(headers['webhook-signature'] ?? '')
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return [401, 'signature']
    return body.type === 'alerts' && Array.isArray(body.data.alerts) ? [200, ''] : [400, 'shape']
  }
}

const length = (text) => typeof text === 'string' ? text.length : NaN
const within = (text, most) => length(text) >= 1 && length(text) <= most

function slackText (object, most) {
  return object !== undefined && ['plain_text', 'mrkdwn'].includes(object.type) && within(object.text, most)
}

function slackProblem (body) {
  if (!within(body.text, 40_000)) return 'no_text'
  if (!Array.isArray(body.blocks) || body.blocks.length > 50) return 'invalid_blocks'
  for (const block of body.blocks) {
    const sound = {
      header: () => block.text?.type === 'plain_text' && slackText(block.text, 150),
      section: () => (block.text !== undefined || block.fields !== undefined) &&
        (block.text === undefined || slackText(block.text, 3000)) &&
        (block.fields === undefined || (block.fields.length >= 1 && block.fields.length <= 10 && block.fields.every((f) => slackText(f, 2000)))),
      divider: () => true
    }[block.type]
    if (!sound?.()) return 'invalid_blocks'
    // What would call people, or stand for a link.
    const texts = [block.text, ...(block.fields ?? [])].filter((t) => t?.type === 'mrkdwn')
    if (texts.some((t) => /<|&(?!amp;|lt;|gt;)/.test(t.text))) return 'unescaped'
  }
  return undefined
}

function discordProblem (body) {
  if (!Array.isArray(body.embeds) || body.embeds.length < 1 || body.embeds.length > 10) return 'Invalid Form Body'
  if (!Array.isArray(body.allowed_mentions?.parse) || body.allowed_mentions.parse.length > 0) return 'it may mention'
  let total = 0
  for (const { title, description, fields = [], footer, color } of body.embeds) {
    if (!within(title, 256) || !within(description, 4096) || fields.length > 25 || !within(footer.text, 2048)) return 'Invalid Form Body'
    if (!Number.isInteger(color) || color > 0xffffff) return 'Invalid Form Body'
    if (!fields.every((f) => within(f.name, 256) && within(f.value, 1024) && f.value.trim())) return 'Invalid Form Body'
    total += length(title) + length(description) + length(footer.text) + fields.reduce((n, f) => n + length(f.name) + length(f.value), 0)
  }
  return total > 6000 ? 'Invalid Form Body' : undefined
}

function pagerdutyErrors (body) {
  const errors = []
  if (body.routing_key?.length !== 32) errors.push("Length of 'routing_key' is incorrect (should be 32 characters)")
  if (!['trigger', 'resolve', 'acknowledge'].includes(body.event_action)) errors.push("'event_action' is invalid")
  if (!within(body.dedup_key, 255)) errors.push("'dedup_key' is missing or too long")
  if (body.event_action === 'trigger') {
    const { summary, source, severity, timestamp } = body.payload ?? {}
    if (!within(summary, 1024)) errors.push("'payload.summary' is missing or too long")
    if (!within(source, 1024)) errors.push("'payload.source' is missing or blank")
    if (!['critical', 'error', 'warning', 'info'].includes(severity)) errors.push("'payload.severity' is invalid")
    if (timestamp !== undefined && Number.isNaN(Date.parse(timestamp))) errors.push("'payload.timestamp' is invalid")
  }
  return errors
}

/**
 * A receiver of a service's messages. `plan` holds what it does first, one for each request: a status with headers, 'hang' or
 * 'cut'; after that it judges.
 */
async function receiver (t, service, plan = []) {
  const seen = []
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString()
      const entry = { at: Date.now(), path: request.url, headers: request.headers, raw, body: JSON.parse(raw) }
      seen.push(entry)
      const planned = plan.shift()
      if (planned === 'hang') return
      if (planned === 'cut') return request.socket.destroy()
      const [status, text, headers] = planned ?? judges[service](entry.body, request.url, request.headers, raw)
      entry.status = status
      response.writeHead(status, headers).end(text)
    })
  })
  const state = {
    seen,
    plan,
    accepted: () => seen.filter(({ status }) => status >= 200 && status < 300),
    listen: (port = 0) => new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server.address().port))),
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections() })
  }
  state.port = await state.listen()
  state.origin = `http://127.0.0.1:${state.port}`
  state.url = state.origin + { slack: SLACK_PATH, discord: DISCORD_PATH, pagerduty: '/v2/enqueue', webhook: '/hooks/CANARYhookCANARYhook' }[service]
  t.after(() => server.listening ? state.stop() : undefined)
  return state
}

/** The option that sends a client's alerts to a receiver. */
function optionFor (service, { url }) {
  return {
    slack: { slack: url },
    discord: { discord: url },
    pagerduty: { pagerduty: { routingKey: ROUTING_KEY, url } },
    webhook: { webhook: { url, secret: SECRET } }
  }[service]
}

const SERVICES = ['slack', 'discord', 'pagerduty', 'webhook']
const NOW = { groupWait: 0, groupInterval: 0 }

module.exports = { SERVICES, NOW, SECRET, ROUTING_KEY, receiver, optionFor }
