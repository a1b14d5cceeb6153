'use strict'

// A client's metrics in a registry of prom-client's: the same figures, beside the application's own.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { Registry, Counter } = require('prom-client')
const { register } = require('bellwether/prom-client')
const { setup, ask, faults } = require('../helpers/client')

/** The samples of a text, sorted; le of 0.1 and 0.10 is the same. */
function samples (text) {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name, , labels = '', value] = /^(\w+)(\{(.*)\})? (\S+)$/.exec(line)
    return `${name}{${labels.split(/,(?=\w+=")/).map((l) => l.replace(/^le="([\d.]+)"$/, (_, n) => `le="${Number(n)}"`)).sort()}} ${Number(value)}`
  }).sort()
}

async function played (t) {
  const { client, a } = setup(t, { endpoint: () => ({ price: { input: 1, output: 1 } }) })
  a.script(faults.serverError())
  await ask(client)
  await ask(client, { stream: true, model: 'a"b\\c' })
  return client
}

for (const format of ['prometheus', 'openmetrics']) {
  test(`${format}: the registry and the client give the same metrics`, async (t) => {
    const client = await played(t)
    const registry = new Registry()
    if (format === 'openmetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    register(client, registry)
    assert.deepEqual(samples(await registry.metrics()), samples(client.metrics.text(format)))
    registry.resetMetrics()
    await ask(client)
    assert.deepEqual(samples(await registry.metrics()), samples(client.metrics.text(format)))
  })
}

test('beside the application’s own metrics, with its labels, until it is taken out', async (t) => {
  const client = await played(t)
  const registry = new Registry()
  registry.setDefaultLabels({ app: 'shop' })
  const own = new Counter({ name: 'orders_total', help: 'Orders', registers: [registry] })
  own.inc(3)
  const remove = register(client, registry)
  const text = await registry.metrics()
  assert.match(text, /^orders_total\{app="shop"\} 3$/m)
  assert.match(text, /^bellwether_requests_total\{.*app="shop"\} 1$/m)
  assert.ok((await registry.getMetricsAsJSON()).some((m) => m.name === 'bellwether_requests_total' && m.values.length === 2))
  remove()
  assert.equal(samples(await registry.metrics()).length, 1)
})

test('two clients in one registry are distinguished by their labels', async (t) => {
  const [one, two] = [await played(t), await played(t)]
  const registry = new Registry()
  const remove = register(one, registry, { labels: { client: 'one' } })
  assert.throws(() => register(two, registry, { labels: { client: 'one' } }), { code: 'ERR_BELLWETHER_CONFIG', message: /labels must be different for each client of a registry/ })
  register(two, registry, { labels: { client: 'two' } })
  const count = async (label) => (await registry.metrics()).split('\n').filter((l) => l.startsWith('bellwether_requests_total') && l.includes(`client="${label}"`)).length
  assert.deepEqual([await count('one'), await count('two')], [2, 2])
  remove()
  assert.deepEqual([await count('one'), await count('two')], [0, 2])
})

test('a registry that speaks OpenMetrics, once scraped, neither doubles nor keeps anything', async (t) => {
  const [one, two] = [await played(t), await played(t)]
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE)
  const first = register(one, registry, { labels: { client: 'one' } })
  await registry.metrics()
  const second = register(two, registry, { labels: { client: 'two' } })
  const lines = samples(await registry.metrics())
  assert.equal(new Set(lines.map(String)).size, lines.length)
  first()
  first()
  assert.notEqual(samples(await registry.metrics()).length, 0)
  second()
  assert.equal(await registry.metrics(), '\n# EOF\n')
})

test('every label that metrics have is known as theirs', async (t) => {
  const client = await played(t)
  const names = new Set(client.metrics.families().flatMap(({ series }) => series.flatMap(({ labels }) => labels.map(([name]) => name))))
  assert.ok(names.size > 8)
  for (const name of names) assert.throws(() => register(client, new Registry(), { labels: { [name]: 'x' } }), { code: 'ERR_BELLWETHER_CONFIG' }, name)
})

test('a taken name is reported, and nothing is left behind', async (t) => {
  const registry = new Registry()
  const client = await played(t)
  const own = new Counter({ name: 'bellwether_requests_total', help: 'own', registers: [registry] })
  assert.throws(() => register(client, registry), { code: 'ERR_BELLWETHER_CONFIG', message: /registry must not contain other metrics named bellwether_requests_total/ })
  assert.deepEqual(registry.getMetricsAsArray(), [own])
})

test('what is no client, no registry and no option is named', () => {
  for (const [options, path] of [[5, 'options'], [{ labels: null }, 'labels'], [{ labels: ['a'] }, 'labels']]) {
    assert.throws(() => register({}, {}, options), (error) => error.problems.at(-1).path === path)
  }
  assert.throws(() => register({}, {}, { labels: { endpoint: 'x', le: 'y', __name__: 'z' } }), (error) => {
    assert.deepEqual(error.problems.map((p) => p.path), ['client', 'registry', 'labels.endpoint', 'labels.le', 'labels.__name__'])
    return true
  })
  assert.throws(() => register({}, {}, { label: 1, labels: { 'a-b': 'x', c: 1 } }), (error) => {
    assert.deepEqual(error.problems.map((p) => p.path), ['client', 'registry', 'label', 'labels.a-b', 'labels.c'])
    return error.code === 'ERR_BELLWETHER_CONFIG'
  })
})
