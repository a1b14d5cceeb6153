'use strict'

// Each scenario on endpoints of several dialects: the measurements and the verdict.

const { describe, test } = require('node:test')
const assert = require('node:assert/strict')
const { SHORT, OPENAI, ANTHROPIC, GOOGLE, RELAY, host } = require('./helpers')

describe('scenarios', { concurrency: 4 }, () => {
  for (const endpoints of [[OPENAI, ANTHROPIC, GOOGLE], [GOOGLE, RELAY], [RELAY, OPENAI], [ANTHROPIC, OPENAI]]) {
    const names = endpoints.map(({ name }) => name)
    const first = names[0]
    const play = async (t, scenario, more = {}) => {
      const client = host(t, endpoints)
      const { passed, scenarios: [report] } = await client.drill({ scenario, ...SHORT, ...more })
      assert.equal(report.scenario, scenario)
      assert.equal(passed, report.passed)
      assert.equal(report.answered + report.fallback + report.lost, report.requests)
      assert.ok(report.latencyMs.mean > 0 && report.latencyMs.p95 >= report.latencyMs.mean / 10)
      return report
    }

    for (const scenario of ['vendor-down', 'rate-limited']) {
      test(`${scenario} of ${names}: everything is answered by others, and the endpoint comes back`, async (t) => {
        const report = await play(t, scenario)
        assert.deepEqual([report.passed, report.lost, report.disturbed], [true, 0, [first]], JSON.stringify(report.objectives))
        assert.ok(report.rescued > 0)
        assert.ok(report.detectionMs !== null && report.recoveryMs !== null && report.returnMs !== null)
        assert.equal(report.returnDueMs, null)
      })
    }

    test(`quota of ${names}: the return is reported, and not waited for`, async (t) => {
      const began = performance.now()
      const report = await play(t, 'quota')
      assert.deepEqual([report.passed, report.lost, report.returnMs], [true, 0, null], JSON.stringify(report.objectives))
      assert.ok(report.returnDueMs > 30_000, `${report.returnDueMs}`)
      assert.ok(performance.now() - began < 20_000)
    })

    test(`all-down of ${names}: it is answered again after the repair, and the recovery is that long and no longer`, async (t) => {
      const report = await play(t, 'all-down')
      assert.deepEqual(report.disturbed, names)
      assert.equal(report.passed, true, JSON.stringify(report.objectives))
      assert.ok(report.returnMs !== null)
      // Disturbed for 450 ms, and healed until the last was back.
      assert.ok(report.recoveryMs <= report.returnMs + 1_000, `${report.recoveryMs} ms, returned after ${report.returnMs} ms`)
    })

    test(`region-by-region of ${names}: each is disturbed`, async (t) => {
      const report = await play(t, 'region-by-region')
      assert.deepEqual(report.disturbed, names)
      assert.equal(report.lost, 0)
      assert.ok(report.recoveryMs !== null)
    })

    test(`slow of ${names}: nothing is lost, and answers take longer`, async (t) => {
      const report = await play(t, 'slow')
      assert.deepEqual([report.passed, report.lost], [true, 0])
      assert.ok(report.latencyMs.p95 >= 40, `${report.latencyMs.p95}`)
    })

    test(`cut-stream of ${names}: a stream that breaks after its first content is lost and reported`, async (t) => {
      const report = await play(t, 'cut-stream', { streamShare: 1 })
      assert.equal(report.passed, true)
      assert.ok(report.lost > 0)
      assert.deepEqual(Object.keys(report.errors), ['ERR_BELLWETHER_STREAM_INTERRUPTED'])
    })

    test(`flapping of ${names}: nothing is lost`, async (t) => {
      const report = await play(t, 'flapping')
      assert.deepEqual([report.passed, report.lost], [true, 0])
    })
  }

  test('an objective that is not met fails it, with the difference', async (t) => {
    const report = await host(t, [OPENAI, GOOGLE]).drill([{ scenario: 'slow', ...SHORT }, { scenario: 'quota', ...SHORT, objectives: { maxReturn: '1s', maxLost: null } }])
    assert.deepEqual([report.passed, ...report.scenarios.map(({ passed }) => passed)], [false, true, false])
    const [missed] = report.scenarios[1].objectives.filter(({ passed }) => !passed)
    assert.deepEqual([missed.name, missed.limit], ['maxReturn', 1_000])
    assert.ok(!report.scenarios[1].objectives.some(({ name }) => name === 'maxLost'))
    assert.match(String(report), /^Drill of .*: FAILED\n[^]*\nslow +passed[^]*\nquota +FAILED[^]*quota: maxReturn is .*, expected at most 1\.00 s$/)
    assert.match(report.toMarkdown(), /\*\*failed\*\*[^]*\| quota \| FAILED \|/)
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(report))), ['startedAt', 'passed', 'scenarios'])
  })

  test('with one endpoint alone, vendor-down is lost and reported', async (t) => {
    const report = await host(t, [OPENAI], { onUnavailable: 'error', maxRetries: 0 }).drill({ scenario: 'vendor-down', ...SHORT })
    const [scenario] = report.scenarios
    assert.equal(report.passed, false)
    assert.ok(scenario.lost > 0)
    assert.equal(Object.values(scenario.errors).reduce((a, b) => a + b, 0), scenario.lost)
    assert.match(String(report), /vendor-down: maxLost is \d+, expected at most 0/)
  })

  test('a disturbed endpoint without requests proves nothing', async (t) => {
    const report = await host(t, [OPENAI, GOOGLE]).drill({ scenario: 'vendor-down', endpoint: 'G', ...SHORT })
    assert.deepEqual([report.passed, report.scenarios[0].touched, report.scenarios[0].lost], [false, false, 0])
    assert.match(String(report), /no request reached G, so the scenario proves nothing/)
  })

  test('endpoints may be called anything', async (t) => {
    const [first, last] = ['\u001b[2Ja|<b>\n', '東京\u202e']
    const report = await host(t, [{ ...OPENAI, name: first }, { ...GOOGLE, name: last }]).drill([{ scenario: 'vendor-down', ...SHORT }, { scenario: 'vendor-down', endpoint: last, ...SHORT }])
    assert.deepEqual(report.scenarios.map(({ lost, touched }) => [lost, touched]), [[0, true], [0, false]])
    for (const form of [String(report), report.toMarkdown()]) {
      assert.match(form, /no request reached 東京 /)
      // eslint-disable-next-line no-control-regex -- these are what is looked for
      assert.doesNotMatch(form, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    }
  })

  test('endpoints that share an address are distinguished', async (t) => {
    const report = await host(t, [OPENAI, { ...OPENAI, name: 'O2', apiKey: `${OPENAI.apiKey}-2` }]).drill({ scenario: 'quota', ...SHORT })
    assert.deepEqual([report.passed, report.scenarios[0].lost, report.scenarios[0].disturbed], [true, 0, ['O']])
    assert.ok(report.scenarios[0].rescued > 0)
  })
})
