'use strict'

// Drills that a client holds by itself.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { OPENAI, GOOGLE, host } = require('./helpers')
const { run } = require('../helpers/child')
const { until } = require('../helpers/client')
const { FailoverClient } = require('../..')

/** The next scheduled report, or its error. The schedule itself keeps no process alive. */
const next = (client) => new Promise((resolve) => {
  const alive = setInterval(() => {}, 1_000)
  const listener = (event) => {
    if (!event.scheduled) return
    clearInterval(alive)
    client.off('drill', listener)
    resolve(event)
  }
  client.on('drill', listener)
})

test('a drill runs when it is due, repeatedly, and emits its report', async (t) => {
  const client = host(t, [OPENAI, GOOGLE], { drills: { every: 20, scenarios: ['slow'], objectives: { maxLost: 0, maxReturn: '1ms' } } })
  for (let i = 0; i < 2; i++) {
    const { report } = await next(client)
    assert.deepEqual(report.scenarios.map(({ scenario }) => scenario), ['slow'])
    assert.deepEqual(report.scenarios[0].objectives.map(({ name, limit }) => [name, limit]), [['maxLost', 0], ['maxReturn', 1]])
  }
})

test('a file can schedule it as well; a reload ends it', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-drill-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'bellwether.yaml')
  const write = (drills) => fs.writeFileSync(file, `endpoints:\n  - name: A\n    base_url: https://a.example/v1\n    api_key: sk-0123456789abcdef0123\n${drills}`)
  write('drills:\n  every: 20ms\n  scenarios: [slow]\n')
  const client = FailoverClient.fromConfig(file)
  t.after(() => client.close({ drain: 0 }))
  let began = 0
  client.on('drill', ({ phase }) => { if (phase === 'healthy') began++ })
  await until('it begins', () => began === 1)
  write('')
  const events = []
  client.on('drill', (event) => events.push(event))
  await client.reload(file)
  // Another of the client's own is held to its end: what was scheduled would have come meanwhile.
  await client.drill({ scenario: 'slow', requests: 10, duration: '300ms' })
  assert.equal(began, 2)
  assert.ok(!events.some(({ scheduled }) => scheduled))
})

test('neither the schedule nor a long wait keeps a process alive, or is one that no timer can hold', async (t) => {
  const { code, stdout, stderr } = await run(t, `
    const client = new FailoverClient({ endpoints: [{ name: 'A', baseURL: 'https://a.example/v1', apiKey: null }], drills: { every: '60d' } })
    client.on('drill', () => console.log('held'))
    setTimeout(() => {}, 50)`)
  assert.deepEqual([code, stdout, stderr], [0, '', ''])
})

test('mistakes name their place', () => {
  for (const [drills, place, message] of [
    [{}, 'drills.every', /is missing/],
    [{ every: 0 }, 'drills.every', /at least 1 ms/],
    [{ every: '1d', scenarios: ['vendor-dwn'] }, 'drills.scenarios[0]', /did you mean 'vendor-down'/],
    [{ every: '1d', objectives: { maxLoss: 1 } }, 'drills.objectives.maxLoss', /did you mean 'maxLost'/]
  ]) {
    assert.throws(() => new FailoverClient({ endpoints: [OPENAI], drills }), (error) => {
      assert.deepEqual(error.problems.map((problem) => problem.path), [place])
      assert.match(error.problems[0].message, message)
      return true
    })
  }
})
