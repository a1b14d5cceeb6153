'use strict'

// Alerts reach people elsewhere: in each service's own form, once, also after its outage, and nothing secret shows.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const net = require('node:net')
const { EventEmitter, once } = require('node:events')
const { inspect } = require('node:util')
const {
  FailoverClient, HealthMonitor, ConfigError, slackForwarder, discordForwarder, pagerDutyForwarder, webhookForwarder
} = require('../..')
const { serve, openClient, ask, recordEvents, until, nextEvent, KEY, faults } = require('../helpers/client')
const { SERVICES, NOW, SECRET, ROUTING_KEY, receiver, optionFor } = require('./helpers')

/** A client with an endpoint `name` that fails over, and a receiver of its alerts. */
function client (t, service, to, options = {}, name = 'A') {
  const [a, b] = [serve(t), serve(t)]
  const client = openClient(t, {
    breaker: false,
    endpoints: [{ name, baseURL: a.url }, { name: 'B', baseURL: b.url }],
    alerts: { ...optionFor(service, to), ...NOW, rules: { failoverTriggered: { quiet: 1 } }, ...options }
  })
  return { client, a, b, forwards: recordEvents(client, 'forward'), alerts: recordEvents(client, 'alert') }
}

async function fire ({ client, a }) {
  a.script(faults.serverError())
  await ask(client)
}

/** Until an answer has ended it. */
async function resolve ({ client, alerts }) {
  await until('it is over', async () => { await ask(client); return alerts.at(-1)?.status === 'resolved' })
}

const counts = (client, name) => Object.fromEntries(client.metrics.families().find((f) => f.name === name).series
  .map(({ labels, value }) => [labels.map(([, v]) => v).join(' '), value]))
const outcomes = (forwards) => forwards.map(({ outcome }) => outcome).join(' ')
const hostile = '<!channel> @everyone &lt;[x](http://evil.example)*b*`c`\\ 𝄞'

for (const service of SERVICES) {
  test(`${service}: firing and resolved, as the service takes them`, async (t) => {
    const to = await receiver(t, service)
    const own = client(t, service, to, {}, hostile.replaceAll('/', '-'))
    await fire(own)
    await until('it is told', () => to.accepted().length === 1)
    await resolve(own)
    await until('its end is told', () => to.accepted().length === 2)
    assert.equal(to.seen.length, 2, JSON.stringify(to.seen.map(({ status, raw }) => [status, raw])))
    await until('both are events', () => own.forwards.length === 2)
    assert.equal(outcomes(own.forwards), 'sent sent')
    assert.deepEqual(counts(own.client, 'alerts_sent'), { [`${service} sent`]: 2 })
    const [firing, resolved] = to.seen.map(({ body }) => body)
    const { event: _, ...alert } = own.alerts[0]
    if (service === 'slack') {
      assert.ok(firing.text.startsWith('FIRING warning: &lt;!channel&gt;') && resolved.text.startsWith('RESOLVED: '))
      assert.ok(JSON.stringify(firing.blocks).includes(alert.recommendedAction))
    }
    if (service === 'discord') {
      assert.ok(firing.embeds[0].description.includes('\\<!channel\\> \\@everyone'))
      assert.notEqual(firing.embeds[0].color, resolved.embeds[0].color)
    }
    if (service === 'pagerduty') {
      assert.deepEqual([firing.event_action, resolved.event_action], ['trigger', 'resolve'])
      assert.equal(firing.dedup_key, alert.fingerprint)
      assert.equal(resolved.dedup_key, firing.dedup_key)
      assert.equal(firing.payload.severity, 'warning')
      assert.deepEqual(firing.payload.custom_details.details, alert.details)
    }
    if (service === 'webhook') {
      assert.deepEqual(firing.data.alerts, [alert])
      assert.equal(resolved.data.alerts[0].status, 'resolved')
      assert.notEqual(to.seen[0].headers['webhook-id'], to.seen[1].headers['webhook-id'])
    }
  })

  test(`${service}: throttled, silent, cut and down, and sent once after the recovery`, async (t) => {
    const to = await receiver(t, service, [[429, 'slow down', { 'retry-after': '1' }], [503, 'sorry'], 'cut', 'cut'])
    const own = client(t, service, to)
    await fire(own)
    await until('it is back', () => to.accepted().length === 1, 20_000)
    await until('all is told', () => own.forwards.length === 4)
    assert.equal(outcomes(own.forwards), 'retry retry retry sent')
    assert.deepEqual(own.forwards.map(({ status }) => status), [429, 503, undefined, undefined])
    assert.ok(to.seen[1].at - to.seen[0].at >= 990, 'Retry-After is kept')
    assert.ok(own.forwards[0].retryAfterMs >= 1000)
    // One that is cut on a connection that was used before is sent again at once, and untold.
    assert.equal(to.seen.length, 5)
    // The same message: its receiver knows it by its id.
    assert.equal(new Set(to.seen.map(({ headers }) => headers['webhook-id'])).size, 1)
  })

  test(`${service}: a message that is refused is not sent again`, async (t) => {
    const to = await receiver(t, service, [[400, 'invalid_payload'], [404, `no hook at ${'CANARY'}slackCANARYslack ${SECRET} ${ROUTING_KEY}`]])
    const own = client(t, service, to)
    await fire(own)
    await until('it failed', () => own.forwards.length === 1)
    await resolve(own)
    await until('its end failed', () => own.forwards.length === 2)
    assert.deepEqual(own.forwards.map(({ outcome, status }) => [outcome, status]), [['failed', 400], ['failed', 404]])
    assert.equal(own.forwards[0].message, 'status 400: invalid_payload')
    assert.equal(to.seen.length, 2)
    assert.deepEqual(counts(own.client, 'alerts_sent'), { [`${service} failed`]: 2 })
  })

  test(`${service}: its secrets show nowhere`, async (t) => {
    const echo = (status) => [status, JSON.stringify({ message: `${to.url} ${SECRET} ${ROUTING_KEY}` }), { 'x-echo': to.url }]
    const to = await receiver(t, service)
    to.plan.push(echo(500), echo(403))
    const own = client(t, service, to)
    await fire(own)
    await until('it failed', () => outcomes(own.forwards) === 'retry failed')
    const shown = [
      inspect(own.client, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(own.forwards), JSON.stringify(own.alerts),
      own.client.metrics.text(), JSON.stringify(own.client.getSummary()), JSON.stringify(own.client.getIncidents())
    ]
    for (const text of shown) {
      for (const secret of ['CANARY', SECRET.slice(6), ROUTING_KEY]) assert.ok(!text.includes(secret), text.slice(0, 400))
    }
  })
}

test('an outage from before the first alert until long after the last', async (t) => {
  const to = await receiver(t, 'webhook')
  await to.stop()
  const own = client(t, 'webhook', to)
  await fire(own)
  await resolve(own)
  await until('it was tried', () => own.forwards.length > 1)
  await to.listen(to.port)
  await until('all is told', () => to.accepted().length >= 1, 20_000)
  await until('in order', () => to.accepted().flatMap(({ body }) => body.data.alerts).length >= 2, 20_000)
  assert.deepEqual(to.accepted().flatMap(({ body }) => body.data.alerts.map(({ status }) => status)), ['firing', 'resolved'])
})

test('pending alerts are sent when the client closes, and a receiver that hangs does not delay it', async (t) => {
  const to = await receiver(t, 'slack')
  const own = client(t, 'slack', to, { groupWait: '1h' })
  await fire(own)
  await own.client.close({ drain: 0 })
  assert.equal(to.accepted().length, 1)

  const mute = await receiver(t, 'discord', ['hang'])
  const other = client(t, 'discord', mute)
  await fire(other)
  await until('it is asked', () => mute.seen.length === 1)
  const began = Date.now()
  await other.client.close({ drain: 0 })
  assert.ok(Date.now() - began < 5000)
  await until('that is told', () => other.forwards.some(({ outcome }) => outcome === 'dropped'))
})

test('alerts are grouped, critical ones are sent at once, and all are repeated while they fire', async (t) => {
  const to = await receiver(t, 'webhook')
  const [a, b, c] = [serve(t), serve(t), serve(t)]
  const own = openClient(t, {
    breaker: false,
    endpoints: [a, b, c].map((server, i) => ({ name: 'ABC'[i], baseURL: server.url })),
    alerts: { ...optionFor('webhook', to), groupWait: 150, groupInterval: 0, repeatInterval: 400 }
  })
  for (const server of [a, b]) server.always(faults.serverError())
  await ask(own)
  await until('both are told', () => to.accepted().length >= 1)
  assert.deepEqual(to.seen[0].body.data.alerts.map(({ service }) => service), ['A', 'B'])
  await until('again', () => to.accepted().length >= 2)
  assert.ok(to.seen[1].at - to.seen[0].at >= 350)
  assert.deepEqual(to.seen[1].body.data.alerts.map(({ status }) => status), ['firing', 'firing'])

  const now = await receiver(t, 'webhook')
  const critical = client(t, 'webhook', now, { groupWait: '1h', groupInterval: '1h' })
  critical.a.always(faults.auth())
  await ask(critical.client)
  await until('it does not wait', () => now.accepted().length >= 1)
  assert.ok(now.seen[0].body.data.alerts.some(({ kind, severity }) => kind === 'auth' && severity === 'critical'))
})

test('kinds, severities and silences hold back what is forwarded, and no event', async (t) => {
  for (const options of [
    { on: ['quota'] }, { minSeverity: 'critical' }, { silences: [{ service: 'A' }] },
    { silences: [{ kind: 'failover_triggered', from: '2020-01-01T00:00:00Z', until: '2120-01-01T00:00:00Z' }] }
  ]) {
    await t.test(JSON.stringify(options), async (t) => {
      const to = await receiver(t, 'webhook')
      const own = client(t, 'webhook', to, options)
      await fire(own)
      await until('the event', () => own.alerts.length === 1)
      await own.client.close({ drain: 0 })
      assert.equal(to.seen.length, 0)
    })
  }
})

test('more than fit are dropped, the oldest first, and counted', async (t) => {
  const to = await receiver(t, 'pagerduty', Array(10_000).fill([503, '']))
  const emitter = new EventEmitter()
  const forward = pagerDutyForwarder(ROUTING_KEY, { url: to.url, proxy: false, ...NOW })
  t.after(() => forward.close())
  const forwards = recordEvents(emitter, 'forward')
  emitter.on('alert', forward)
  for (let i = 0; i < 400; i++) emitter.emit('alert', { severity: 'critical', service: `s${i}`, kind: 'auth', message: 'x', status: 'firing', fingerprint: `f${i}` })
  await until('they are dropped', () => forwards.filter(({ outcome }) => outcome === 'dropped').reduce((n, { alerts }) => n + alerts, 0) >= 143)
  const dropped = forwards.filter(({ outcome }) => outcome === 'dropped').reduce((n, { alerts }) => n + alerts, 0)
  assert.ok(dropped <= 144, `${dropped} of 400, with room for 256 and one under way`)
})

test('a reload keeps what waits, and another receiver takes over', async (t) => {
  const [first, second] = [await receiver(t, 'webhook', [[503, '']]), await receiver(t, 'webhook')]
  const own = client(t, 'webhook', first)
  await fire(own)
  await until('it failed once', () => own.forwards.length === 1)
  const endpoints = [{ name: 'A', baseURL: own.a.url }, { name: 'B', baseURL: own.b.url }]
  const options = (to) => ({ apiKey: KEY, proxy: false, breaker: false, endpoints, alerts: { ...optionFor('webhook', to), ...NOW, rules: { failoverTriggered: { quiet: 1 } } } })
  await own.client.reload(options(first))
  await until('it is told all the same', () => first.accepted().length === 1)
  await own.client.reload(options(second))
  await resolve(own)
  await until('the other one is told', () => second.accepted().length === 1)
  assert.equal(second.seen[0].body.data.alerts[0].status, 'resolved')
  assert.equal(first.seen.length, 2)
})

test('functions receive each alert; one that throws, rejects or hangs has no effect on others', async (t) => {
  const given = []
  let works = true
  const own = client(t, 'webhook', await receiver(t, 'webhook'), {
    webhook: undefined,
    forward: (alert) => {
      given.push(alert)
      if (!works) throw new Error('CANARY')
    }
  })
  await fire(own)
  await until('it is given', () => given.length === 1)
  assert.deepEqual({ event: 'alert', ...given[0] }, own.alerts[0])
  works = false
  await resolve(own)
  await until('that is told', () => own.forwards.length === 2)
  assert.equal(outcomes(own.forwards), 'sent failed')
  assert.ok(own.forwards[1].message.includes('threw') && !JSON.stringify(own.forwards).includes('CANARY'))
  const rejects = client(t, 'webhook', await receiver(t, 'webhook'), { webhook: undefined, forward: async () => { throw new Error('CANARY') } })
  await fire(rejects)
  await until('that is told', () => outcomes(rejects.forwards) === 'failed')
})

test('a monitor of its own, by its options and by a listener', async (t) => {
  const server = serve(t)
  server.script(faults.forever(faults.serverError()), faults.onPath('/models', faults.forever(faults.serverError())))
  const [slack, discord] = [await receiver(t, 'slack'), await receiver(t, 'discord')]
  const options = { apiKey: KEY, baseURL: server.url, proxy: false, failureThreshold: 1 }
  const monitor = new HealthMonitor({ ...options, alerts: { slack: slack.url, ...NOW } })
  const forward = discordForwarder(discord.url, { ...NOW, proxy: false })
  t.after(() => forward.close())
  monitor.on('alert', forward)
  const forwards = recordEvents(monitor, 'forward')
  await monitor.checkEndpointHealth()
  await until('both are told', () => slack.accepted().length === 1 && discord.accepted().length === 1)
  await until('both are events of the monitor', () => forwards.length === 2)
  assert.deepEqual(forwards.map(({ forwarder, outcome }) => `${forwarder} ${outcome}`).sort(), ['discord sent', 'slack sent'])
})

for (const [service, make] of Object.entries({
  slack: (to, more) => slackForwarder(to.url, more),
  discord: (to, more) => discordForwarder(to.url, more),
  pagerduty: (to, more) => pagerDutyForwarder(ROUTING_KEY, { url: to.url, ...more }),
  webhook: (to, more) => webhookForwarder(to.url, { secret: SECRET, ...more })
})) {
  test(`${service}: the listener forwards alerts of any emitter, and the last ones with close`, async (t) => {
    const to = await receiver(t, service)
    const forward = make(to, { proxy: false, groupWait: '1h' })
    const emitter = new EventEmitter()
    emitter.on('alert', forward)
    const told = nextEvent(emitter, 'forward')
    emitter.emit('alert', { severity: 'warning', service: hostile.repeat(300), kind: 'own', message: hostile.repeat(500), recommendedAction: hostile.repeat(500), details: {}, status: 'firing' })
    await forward.close()
    assert.equal(to.accepted().length, 1, JSON.stringify(to.seen.map(({ status, raw }) => [status, raw.slice(0, 300)])))
    assert.deepEqual([(await told).forwarder, (await told).outcome], [service, 'sent'])
    forward({ severity: 'critical', service: 's', kind: 'k', message: 'm', status: 'firing' })
    await forward.close()
    assert.equal(to.seen.length, 1)
    assert.ok(!inspect(forward, { depth: Infinity, showHidden: true }).includes('CANARY'))
  })
}

test('a text with a lone surrogate is sent like any other', async (t) => {
  const to = await receiver(t, 'webhook')
  const forward = webhookForwarder(to.url, { secret: SECRET, proxy: false })
  forward({ severity: 'critical', service: 'a\ud83d', kind: 'own', message: 'b\udc00 \\ud800', details: {}, status: 'firing' })
  await forward.close()
  assert.deepEqual(to.accepted().map(({ body: { data: { alerts: [{ service, message }] } } }) => [service, message]), [['a\ufffd', 'b\ufffd \\ud800']])
})

test('a service that has answered is sent nothing again, however long its response takes', async (t) => {
  for (const [status, outcome] of [['200 OK', 'sent'], ['404 Not Found', 'failed']]) {
    let requests = 0
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        requests++
        socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 1000\r\n\r\n`)
        const drip = setInterval(() => socket.write('.'), 100)
        socket.once('close', () => clearInterval(drip))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const emitter = new EventEmitter()
    const forward = webhookForwarder(`http://127.0.0.1:${server.address().port}/`, { proxy: false })
    emitter.on('alert', forward)
    const told = nextEvent(emitter, 'forward')
    emitter.emit('alert', { severity: 'critical', service: 's', kind: 'k', message: 'm', status: 'firing' })
    assert.deepEqual([(await told).outcome, (await told).attempts, requests], [outcome, 1, 1])
    await forward.close()
  }
})

test('a value that is no alert is reported and does not throw', async (t) => {
  const emitter = new EventEmitter()
  const forward = slackForwarder((await receiver(t, 'slack')).url, { proxy: false })
  t.after(() => forward.close())
  emitter.on('alert', forward)
  for (const odd of [undefined, 5, 'x', { severity: 7 }, () => {}, [1]]) {
    const told = nextEvent(emitter, 'forward')
    emitter.emit('alert', odd)
    assert.equal((await told).outcome, 'failed')
  }
})

test('options that are not valid are named, and no secret is quoted', () => {
  const refused = (make) => {
    try {
      make()
    } catch (error) {
      assert.ok(error instanceof ConfigError && !inspect(error).includes('CANARY'), inspect(error))
      return error.problems.map(({ path, message }) => `${path} ${message}`)
    }
    return []
  }
  assert.deepEqual(refused(() => slackForwarder()), ['url is missing; give the address of a webhook'])
  assert.deepEqual(refused(() => slackForwarder('CANARY')), ['url must be the http:// or https:// address of a webhook, without a user, got a string of 6 characters'])
  assert.deepEqual(refused(() => slackForwarder('https://h/CANARY', { url: 'https://h/CANARY' })), ['options.url must be left out: it is the first argument'])
  assert.deepEqual(refused(() => slackForwarder('https://h/CANARY', { groupWiat: 1 })), ["groupWiat is not an option; did you mean 'groupWait'?"])
  assert.deepEqual(refused(() => slackForwarder('https://h/CANARY', 5)), ['options must be a plain object, got a number'])
  assert.deepEqual(refused(() => pagerDutyForwarder('CANARY key')), ['routingKey must be an integration key of 32 letters and digits, got a string of 10 characters'])
  assert.deepEqual(refused(() => webhookForwarder('https://h/CANARY', { secret: 5n })), ['secret must be a non-empty string, got a bigint'])
  // Anyone could sign with an empty key, and text that is not Base64 is no key.
  for (const secret of ['whsec_', 'whsec_CANARY!']) {
    assert.deepEqual(refused(() => webhookForwarder('https://h/CANARY', { secret })), [`secret must be the Base64 of a key behind 'whsec_', or a text that begins otherwise, got a string of ${secret.length} characters`])
  }
  for (const port of ['99999', '0', 'x']) assert.equal(refused(() => slackForwarder(`http://h:${port}/CANARY`)).length, 1, port)
  const silenced = (from, until) => refused(() => slackForwarder('https://h/CANARY', { silences: [{ from, until }] }))
  for (const [from, until] of [['2026-12-25T00:00:00Z', '2026-12-24T00:00:00Z'], ['22:00', '22:00'], ['2026-12-24T01:00:00+01:00', '2026-12-24T00:00:00Z']]) {
    assert.deepEqual(silenced(from, until), ['silences[0].until must differ from from and must not be earlier; otherwise the silence never applies'])
  }
  for (const [from, until] of [['22:00', '06:00'], ['2026-12-24T00:00:00-05:30', '2026-12-24T05:30:01.5Z']]) assert.deepEqual(silenced(from, until), [])
  for (const from of ['2026-12-24T00:00:00+25:00', '2026-12-24', '+01:00', '€+01:00']) assert.equal(silenced(from).length, 1, from)
  assert.deepEqual(refused(() => new FailoverClient({ apiKey: KEY, baseURL: 'http://127.0.0.1:1', alerts: { slack: { url: 'CANARY' } } })),
    ['alerts.slack must be the http:// or https:// address of a webhook, without a user, got an object'])
})
