'use strict'

// What calls cost, what is kept of it, and what budgets make of the next ones.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { calcPrice } = require('@pydantic/genai-prices')
const { KEY, QUICK, serve, openClient, ask, rejection, configProblems, recordEvents, until, faults } = require('../helpers/client')

const ANSWER = (usage, text = 'x') => ({ id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage })
const used = (prompt, completion, cached = 0) => ({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: cached } })
const DOLLAR = { prices: { m: { input: 1_000_000, output: 0 } } }

/** A client with exchanges that this function answers: `usage` as the vendor reports it. */
const paid = (t, usage, options) => openClient(t, {
  retry: QUICK, maxRetries: 0, endpoints: [{ name: 'A', baseURL: 'https://a.example/v1' }], transport: async () => Response.json(ANSWER(typeof usage === 'function' ? usage() : usage)), ...options
})

/** A folder that ends with the test. */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-costs-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

test('costs match those of an independent implementation, for thousands of usages', async (t) => {
  let seed = 7
  const random = (below) => { seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; return seed % below }
  const prices = { input: 0.0375, output: 12.5, cacheRead: 0.01875 }
  const provider = { id: 'p', name: 'p', api_pattern: 'p', models: [{ id: 'm', match: { equals: 'm' }, prices: { input_mtok: prices.input, output_mtok: prices.output, cache_read_mtok: prices.cacheRead } }] }
  let usage
  const client = paid(t, () => usage, { prices: { m: prices } })
  let sum = 0n
  for (let i = 0; i < 2_000; i++) {
    const [prompt, completion] = [random(300_000), random(20_000)]
    usage = used(prompt, completion, random(prompt + 1))
    const { report } = await ask(client, { model: 'm' })
    const { total_price: oracle } = calcPrice({ input_tokens: prompt, output_tokens: completion, cache_read_tokens: usage.prompt_tokens_details.cached_tokens }, 'm', { provider })
    assert.ok(Math.abs(report.costUsd - oracle) < 1e-12, `${JSON.stringify(usage)}: ${report.costUsd}, ${oracle}`)
    sum += BigInt(Math.round(report.costUsd * 1e12))
  }
  // Exact to the microdollar, and far below.
  assert.equal(BigInt(Math.round(client.costs.report().total.costUsd * 1e9)), (sum + 500n) / 1000n)
})

test('prices: the endpoint\'s, the client\'s, the relay\'s, the vendor\'s by id or by date; without one null', async (t) => {
  const cost = async (endpoint, model, prices) => (await ask(paid(t, used(1_000_000, 0), { prices, endpoints: [{ name: 'A', ...endpoint }] }), { model })).report.costUsd
  const elsewhere = { baseURL: 'https://a.example/v1' }
  assert.equal(await cost({ ...elsewhere, price: { input: 7, output: 0 } }, 'm', { m: { input: 5, output: 0 } }), 7)
  assert.equal(await cost(elsewhere, 'm', { m: { input: 5, output: 0 } }), 5)
  assert.equal(await cost(elsewhere, 'm-2026-01-31', { m: { input: 5, output: 0 } }), 5)
  assert.equal(await cost(elsewhere, 'gpt-4.1'), null, 'what an address elsewhere asks nobody knows')
  assert.equal(await cost({ baseURL: 'https://api.holysheep.ai/v1' }, 'gpt-4.1'), 8)
  assert.equal(await cost({ baseURL: 'https://api.holysheep.ai/v1' }, 'anthropic/claude-sonnet-4-20250514'), 4.5)
  assert.equal(await cost({ baseURL: 'https://api.openai.com/v1' }, 'gpt-4.1-2025-04-14'), calcPrice({ input_tokens: 1_000_000, output_tokens: 0 }, 'gpt-4.1', { providerId: 'openai' }).total_price)
  assert.equal(await cost({ baseURL: 'https://api.openai.com/v1' }, 'gpt-unheard-of'), null)
  // Without usage nothing is known either.
  assert.equal((await ask(paid(t, undefined, { prices: { m: { input: 5, output: 0 } } }), { model: 'm' })).report.costUsd, null)
})

test('the report: by model, endpoint, tag, day and month; list prices; what failover added', async (t) => {
  const servers = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const client = openClient(t, {
    retry: QUICK,
    maxRetries: 0,
    endpoints: servers.map(({ url }, i) => ({ name: 'AB'[i], baseURL: url, price: [{ input: 10, output: 10, list: { input: 20, output: 20 } }, { input: 30, output: 30 }][i] }))
  })
  for (const server of servers) server.always(faults.status(200, { body: JSON.stringify(ANSWER(used(100_000, 0))), headers: { 'content-type': 'application/json' } }))
  await ask(client, { model: 'one', tags: { team: 'search', user: 'u|1' } })
  await ask(client, { model: 'two', tags: { team: 'search' } })
  servers[0].script(faults.status(504))
  await ask(client, { model: 'one' })
  servers[0].script(faults.status(200, { body: JSON.stringify(ANSWER()), headers: { 'content-type': 'application/json' } }))
  await ask(client, { model: 'two' })
  const report = client.costs.report()
  const today = new Date().toISOString().slice(0, 10)
  assert.deepEqual(report.total, { calls: 4, inputTokens: 300_000, outputTokens: 0, costUsd: 5, unpricedCalls: 1, listUsd: 4, comparableUsd: 2, savedUsd: 2, savedShare: 0.5, failoverAddedUsd: 2, netSavedUsd: 0, maybeBilledAttempts: 1 })
  const rows = (part, by) => report[part].map((row) => [row[by], row.calls, row.costUsd])
  assert.deepEqual(rows('byModel', 'model'), [['one', 2, 4], ['two', 2, 1]])
  assert.deepEqual(rows('byEndpoint', 'endpoint'), [['A', 3, 2], ['B', 1, 3]])
  assert.deepEqual(report.byTag.map(({ tag, value, calls, costUsd }) => [tag, value, calls, costUsd]), [['team', 'search', 2, 2], ['user', 'u|1', 1, 1]])
  assert.deepEqual([rows('byDay', 'day'), rows('byMonth', 'month')], [[[today, 4, 5]], [[today.slice(0, 7), 4, 5]]])

  const text = String(report)
  assert.match(text, /^Costs until \d{4}-\d\d-\d\d\n/)
  assert.match(text, /\nModel one +2 +200000 +0 +4\.000000 /)
  assert.match(text, /1 calls have no known price or usage/)
  const markdown = report.toMarkdown()
  assert.match(markdown, /^## Costs until/)
  assert.ok(markdown.includes('| Tag user=u\\|1 | 1 |'), markdown)
  const [head, ...lines] = report.toCsv().trimEnd().split('\r\n')
  assert.equal(head, 'of,name,calls,inputTokens,outputTokens,costUsd,savedUsd,savedShare,failoverAddedUsd,netSavedUsd,unpricedCalls,maybeBilledAttempts')
  assert.ok(lines.includes('endpoint,Endpoint B,1,100000,0,3,0,,2,-2,0,1'), lines.join('\n'))
  assert.equal(client.costs.report({ from: '2000-01-01', to: new Date(Date.UTC(2000, 1, 1)) }).total.calls, 0)
  assert.equal(client.costs.report({ from: today }).total.calls, 4)
  assert.throws(() => client.costs.report({ from: 'yesterday' }), /options\.from must be a date since 1970.*'yesterday'/)
})

test('what spreadsheets would take for a formula is none', async (t) => {
  const client = paid(t, used(1, 1), DOLLAR)
  await ask(client, { model: 'm', tags: { '=cmd': 'a"b,c' } })
  assert.match(client.costs.report().toCsv(), /\r\ntag,"Tag =cmd=a""b,c",1,/)
})

test('a budget emits events at its shares, then nothing is sent until it renews', async (t) => {
  const client = paid(t, used(1, 0), { ...DOLLAR, budgets: [{ name: 'daily', limit: 4, per: 'day' }] })
  const events = recordEvents(client, 'budget')
  const attempts = recordEvents(client, 'attempt')
  for (let i = 0; i < 4; i++) await ask(client, { model: 'm' })
  const error = await rejection(ask(client, { model: 'm' }))
  assert.deepEqual([error.name, error.reason, error.code, error.retryable], ['BudgetExceededError', 'budget', 'ERR_BELLWETHER_BUDGET_EXCEEDED', false])
  assert.match(error.message, /the budget 'daily' of 4 USD is used up/)
  const midnight = Date.UTC(...new Date().toISOString().split(/[-T]/).slice(0, 3).map((part, i) => Number(part) - (i === 1 ? 1 : 0))) + 86_400_000
  assert.ok(Math.abs(Date.now() + error.retryAfterMs - midnight) < 5_000)
  await until('the events', () => events.length === 3)
  assert.deepEqual(events.map(({ share, spentUsd, action }) => [share, spentUsd, action]), [[0.5, 2, 'warn'], [0.8, 4, 'warn'], [1, 4, 'reject']])
  assert.equal(attempts.length, 4, 'nobody was asked')
  assert.deepEqual(client.costs.budgets().map(({ budget, spentUsd, remainingUsd, exceeded, renewsAt }) => [budget, spentUsd, remainingUsd, exceeded, renewsAt]), [['daily', 4, 0, true, midnight]])
  // SDKs receive the vendor's form of the error.
  const refused = await client.fetch('https://api.openai.com/v1/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }) })
  assert.equal(refused.status, 402)
})

test('budgets of a tag, of a name with any value, and such as only warn', async (t) => {
  const client = paid(t, used(1, 0), { ...DOLLAR, budgets: [{ limit: 1, per: 'month', tag: { team: 'ads' } }, { limit: 2, per: 'hour', tag: 'user' }, { limit: 1, per: 'day', onExceeded: 'warn' }] })
  const go = (tags) => ask(client, { model: 'm', tags })
  await go({ team: 'ads' })
  assert.match((await rejection(go({ team: 'ads' }))).message, /the budget 'month team=ads #1'/)
  await go({ team: 'search' })
  await go({ user: 'a' })
  await go({ user: 'b' })
  assert.match((await rejection(go({ user: 'c' }))).message, /the budget 'hour user=\* #2'/)
  await go(undefined)
})

test('downgrade: calls go by another rule', async (t) => {
  const seen = []
  const client = openClient(t, {
    endpoints: [{ name: 'good', baseURL: 'https://good.example/v1' }, { name: 'cheap', baseURL: 'https://cheap.example/v1' }],
    transport: async (url) => { seen.push(new URL(url).hostname); return Response.json(ANSWER(used(1, 0))) },
    ...DOLLAR,
    rules: { thrift: { routeTo: 'cheap' } },
    budgets: [{ limit: 2, per: 'month', onExceeded: 'downgrade', downgradeTo: 'thrift' }]
  })
  for (let i = 0; i < 4; i++) await ask(client, { model: 'm' })
  assert.deepEqual(seen, ['good.example', 'good.example', 'cheap.example', 'cheap.example'])
})

test('a budget is overspent by no more than the calls that were under way', async (t) => {
  let under = 0
  let most = 0
  const client = openClient(t, {
    endpoints: [{ name: 'A', baseURL: 'https://a.example/v1' }],
    transport: async () => {
      most = Math.max(most, ++under)
      await new Promise((resolve) => setTimeout(resolve, 1))
      under--
      return Response.json(ANSWER(used(1, 0)))
    },
    ...DOLLAR,
    budgets: [{ limit: 50, per: 'month' }]
  })
  let refused = 0
  const worker = async () => {
    for (let i = 0; i < 20; i++) await ask(client, { model: 'm' }).catch((error) => { refused += error.name === 'BudgetExceededError' ? 1 : NaN })
  }
  await Promise.all(Array.from({ length: 10 }, worker))
  const { costUsd, calls } = client.costs.report().total
  assert.equal(calls + refused, 200)
  assert.ok(costUsd >= 50 && costUsd < 50 + most, `${costUsd} with at most ${most} at a time`)
})

test('the ledger survives a restart, and budgets remember', async (t) => {
  const file = path.join(folder(t), 'costs.json')
  const options = { ...DOLLAR, costs: { path: file }, budgets: [{ limit: 3, per: 'month' }, { limit: 3, per: 'day', tag: { team: 'a' } }] }
  const first = paid(t, used(1, 0), options)
  await ask(first, { model: 'm', tags: { team: 'a' } })
  await ask(first, { model: 'm', tags: { team: 'b' } })
  // One at a time owns it.
  assert.match(configProblems(options)[0], /^costs\.path .*another client uses this ledger/)
  await first.close()
  const second = paid(t, used(1, 0), options)
  const events = recordEvents(second, 'budget')
  assert.equal(second.costs.report().total.costUsd, 2)
  assert.deepEqual(second.costs.budgets().map(({ spentUsd }) => spentUsd), [2, 1])
  await ask(second, { model: 'm' })
  assert.equal((await rejection(ask(second, { model: 'm' }))).name, 'BudgetExceededError')
  await until('the events', () => events.length === 2)
  assert.deepEqual(events.map(({ share }) => share), [0.8, 1], 'the half was told before')
  // Also without being closed, a second later.
  await until('it is written', () => JSON.parse(fs.readFileSync(file, 'utf8'))[Math.floor(Date.now() / 86_400_000)].models[0][2].calls === 3)
  assert.ok(!fs.readFileSync(file, 'utf8').includes(KEY))
})

test('a ledger that cannot be kept is reported before any money is spent', (t) => {
  const made = folder(t)
  const problem = (file) => configProblems({ costs: { path: file } })[0]
  const broken = path.join(made, 'broken.json')
  fs.writeFileSync(broken, '{"1": ')
  assert.match(problem(broken), /^costs\.path .*broken\.json': is not a ledger: /)
  assert.equal(fs.readFileSync(broken, 'utf8'), '{"1": ', 'it is left as it was')
  assert.match(problem(path.join(made, 'no', 'such', 'folder')), /^costs\.path .*cannot be created/)
  assert.match(problem(made), /^costs\.path .*is not a file/)
})

test('problems of budgets are reported with their path', () => {
  assert.deepEqual(configProblems({ budgets: [{ limit: -1, per: 'week', tag: 7, warnAt: [0], onExceeded: 'stop', downgradeTo: 'x', limt: 1 }] }).map((problem) => problem.replace(/ (?:must|is|requires) .*/, '')), [
    'budgets[0].limit', 'budgets[0].per', 'budgets[0].tag', 'budgets[0].warnAt', 'budgets[0].onExceeded', 'budgets[0].downgradeTo', 'budgets[0].limt'
  ])
  assert.deepEqual(configProblems({ budgets: [{}] }), ['budgets[0].limit is missing; give an amount in USD', "budgets[0].per is missing; give 'hour', 'day' or 'month' (UTC)"])
  assert.match(configProblems({ rules: { cheap: {} }, budgets: [{ limit: 1, per: 'day', onExceeded: 'downgrade', downgradeTo: 'chep' }] })[0], /must be one of the rules, got 'chep'; did you mean 'cheap'\?/)
  assert.match(configProblems({ budgets: [{ limit: 1, per: 'day', onExceeded: 'downgrade' }] })[0], /downgradeTo is missing/)
  assert.match(configProblems({ budgets: [{ name: 'a', limit: 1, per: 'day' }, { name: 'a', limit: 1, per: 'day' }] })[0], /budgets\[1\]\.name must be unique, and another budget is named 'a'/)
  assert.match(configProblems({ budgets: {} })[0], /^budgets must be an array/)
})
