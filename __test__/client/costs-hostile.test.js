'use strict'

// Vendors that miscount, hostile tags, and damaged ledger files.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { execFileSync } = require('node:child_process')
const { QUICK, openClient, setup, ask, rejection, configProblems, recordEvents, until, faults } = require('../helpers/client')
const { json } = require('../helpers/child')

const ANSWER = (usage) => `{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":${usage}}`
const ONE = '{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1}'
const DOLLAR = { prices: { m: { input: 1_000_000, output: 1_000_000 } } }

/** A client with exchanges that this function answers: `usage` is the text of the vendor's usage. */
const paid = (t, usage, options) => openClient(t, {
  retry: QUICK, maxRetries: 0, endpoints: [{ name: 'A', baseURL: 'https://a.example/v1' }], transport: async () => new Response(ANSWER(usage())), ...DOLLAR, ...options
})

/** A folder that ends with the test. */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-costs-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

test('an impossible count is ignored: its cost is unknown, and it uses up no budget', async (t) => {
  let usage
  const client = paid(t, () => usage, { budgets: [{ limit: 1_000_000, per: 'month' }] })
  const wrong = [
    '{"prompt_tokens":-5,"completion_tokens":1}', '{"prompt_tokens":1e308,"completion_tokens":1}', '{"prompt_tokens":1,"completion_tokens":18446744073709551615}',
    '{"prompt_tokens":"12","completion_tokens":1}', '{"prompt_tokens":null,"completion_tokens":1}', '{"prompt_tokens":[1],"completion_tokens":1}',
    '{"prompt_tokens":{},"completion_tokens":{}}', '{"prompt_tokens":1}', '{"total_tokens":7}', '{}', '[1,2]', '"many"', '7', 'null'
  ]
  for (usage of wrong) assert.equal((await ask(client, { model: 'm' })).report.costUsd, null, usage)
  const { calls, unpricedCalls, costUsd, inputTokens, outputTokens } = client.costs.report().total
  assert.deepEqual([calls, unpricedCalls, costUsd, inputTokens, outputTokens], [wrong.length, wrong.length, 0, 0, 0])
  assert.deepEqual(client.costs.budgets().map(({ spentUsd, exceeded }) => [spentUsd, exceeded]), [[0, false]])
  // A count is checked against the other, and impossible details are left out.
  usage = '{"prompt_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":-9}}'
  assert.equal((await ask(client, { model: 'm' })).report.costUsd, 5)
})

test('attempts of a call without an answer may be billed, too', async (t) => {
  const { client, a, b } = setup(t, { maxRetries: 0, retry: QUICK })
  a.script(faults.status(504))
  b.script(faults.status(504))
  const { attempts } = await rejection(ask(client, { tags: { team: 'x' } }))
  assert.deepEqual(attempts.map(({ maybeBilled }) => maybeBilled), [true, true])
  const { total, byEndpoint, byTag } = client.costs.report()
  assert.deepEqual([total.calls, total.costUsd, total.maybeBilledAttempts], [0, 0, 2])
  assert.deepEqual(byEndpoint.map(({ endpoint, maybeBilledAttempts }) => [endpoint, maybeBilledAttempts]), [['A', 1], ['B', 1]])
  assert.deepEqual(byTag.map(({ value, maybeBilledAttempts }) => [value, maybeBilledAttempts]), [['x', 2]])
})

test('tags of any name and value, any number of them', async (t) => {
  const client = paid(t, () => ONE, { budgets: [{ name: 'proto', limit: 1, per: 'day', tag: '__proto__' }, { name: 'long', limit: 1, per: 'day', tag: { long: 'x'.repeat(100_000) } }] })
  const go = (tags) => ask(client, { model: 'm', tags })
  await go(JSON.parse('{"__proto__":"a","constructor":"b","":""}'))
  assert.match((await rejection(go(JSON.parse('{"__proto__":"z"}')))).message, /the budget 'proto'/)
  await go({ long: 'x'.repeat(100_000) })
  assert.match((await rejection(go({ long: 'x'.repeat(100_000) }))).message, /the budget 'long'/)
  assert.equal({}.a, undefined)
  const rows = () => client.costs.report().byTag
  assert.deepEqual(rows().map(({ tag, value }) => [tag, value.length]), [['__proto__', 1], ['constructor', 1], ['', 0], ['long', 198]])
  await Promise.all(Array.from({ length: 1_500 }, (_, i) => go({ user: `u${i}` })))
  assert.equal(rows().length, 1_000)
  assert.deepEqual(rows().filter(({ tag }) => tag === 'user').reduce((sum, { calls }) => sum + calls, 0), 1_500, 'what is too many is summed up under the same name')
})

test('budgets of nothing, of next to nothing, and of all the money there is', async (t) => {
  const budget = (limit, more) => paid(t, () => ONE, { budgets: [{ name: 'b', limit, per: 'hour', ...more }] })
  for (const limit of [0, -0, 1e-13]) assert.equal((await rejection(ask(budget(limit), { model: 'm' }))).name, 'BudgetExceededError', String(limit))
  const tiny = budget(1e-12)
  await ask(tiny, { model: 'm' })
  assert.equal((await rejection(ask(tiny, { model: 'm' }))).name, 'BudgetExceededError')
  const huge = budget(1e12)
  for (let i = 0; i < 3; i++) await ask(huge, { model: 'm' })
  assert.deepEqual(huge.costs.budgets().map(({ spentUsd, remainingUsd }) => [spentUsd, remainingUsd]), [[3, 1e12 - 3]])
  for (const limit of [1e13, NaN, Infinity, -1, '5', null]) assert.match(configProblems({ budgets: [{ limit, per: 'hour' }] })[0], /^budgets\[0\]\.limit /, String(limit))
})

test('a budget that is used up lets a fallback response answer, and sends nothing', async (t) => {
  let asked = 0
  const client = paid(t, () => { asked++; return ONE }, { budgets: [{ limit: 0, per: 'day' }], fallbackResponse: 'later' })
  for (const stream of [false, true]) {
    const answer = await ask(client, { model: 'm', stream })
    assert.deepEqual([answer.choices[0].message.content, answer.report.degraded, answer.report.attempts.length], ['later', true, 0])
  }
  assert.equal(asked, 0)
})

test('a ledger in any state is taken up or refused, and what is refused is left as it was', async (t) => {
  const made = folder(t)
  const at = path.join(made, 'costs.json')
  const row = '{"calls":1,"inputTokens":1,"outputTokens":1,"cost":"1","unpriced":0,"comparable":"0","list":"0","failoverMore":"0","failoverLess":"0","maybeBilled":0}'
  const broken = [
    '', ' ', 'null', '[]', '7', '{"1":', '{"x":{"models":[],"tags":[]}}', '{"-1":{"models":[],"tags":[]}}', '{"1":{"models":[["a"]],"tags":[]}}', '{"1":{"models":[],"tags":[]}}x',
    `{"1":{"models":[["a","b",${row.replace('"cost":"1"', '"cost":"-1"')}]],"tags":[]}}`, `{"1":{"models":[["a","b",${row.replace('"calls":1', '"calls":1e400')}]],"tags":[]}}`,
    '['.repeat(100_000), Buffer.from([0xff, 0xfe, 0x00]), Buffer.alloc(100_000)
  ]
  for (const bytes of broken) {
    fs.writeFileSync(at, bytes)
    assert.match(configProblems({ costs: { path: at } })[0] ?? 'was taken', /^costs\.path .*costs\.json': (?:is not a ledger: |cannot be read: )/, String(bytes).slice(0, 60))
    assert.deepEqual(fs.readFileSync(at), Buffer.from(bytes))
  }
  // Sums beyond all bounds stay there.
  const most = row.replace('"cost":"1"', `"cost":"${2n ** 128n - 1n}"`).replace('"calls":1', `"calls":${2n ** 64n - 1n}`)
  fs.writeFileSync(at, `{"${Math.floor(Date.now() / 86_400_000)}":{"models":[["A","m",${most}]],"tags":[]}}`)
  const client = paid(t, () => ONE, { costs: { path: at }, budgets: [{ limit: 1, per: 'month' }] })
  assert.equal((await rejection(ask(client, { model: 'm' }))).name, 'BudgetExceededError')
  assert.ok(client.costs.report().total.costUsd > 1e26)
})

test('a link to a ledger stays one, and is the same ledger', async (t) => {
  const made = folder(t)
  const [real, link] = [path.join(made, 'real.json'), path.join(made, 'link.json')]
  fs.writeFileSync(real, '{}')
  fs.symlinkSync('real.json', link)
  const client = paid(t, () => ONE, { costs: { path: link } })
  for (const other of [real, link]) assert.match(configProblems({ costs: { path: other } })[0], /another client uses this ledger/)
  await ask(client, { model: 'm' })
  await client.close()
  assert.ok(fs.lstatSync(link).isSymbolicLink())
  assert.match(fs.readFileSync(real, 'utf8'), /"calls":1/)
})

test('two processes do not share a ledger; one that is killed leaves it to the next', async (t) => {
  const at = path.join(folder(t), 'costs.json')
  const client = paid(t, () => ONE, { costs: { path: at } })
  const program = `
    try {
      new FailoverClient({ apiKey: 'sk-0123456789abcdefghij', costs: { path: ${JSON.stringify(at)} } })
      console.log(JSON.stringify('made'))
    } catch (error) { console.log(JSON.stringify(error.problems[0].message)) }
    process.exit(0)`
  assert.match(await json(t, program), /another client uses this ledger/)
  await client.close()
  assert.equal(await json(t, program), 'made')
  paid(t, () => ONE, { costs: { path: at } })
})

test('a ledger that can no longer be written is reported once, and written when possible again', async (t) => {
  const made = folder(t)
  const at = path.join(made, 'costs.json')
  const client = paid(t, () => ONE, { costs: { path: at } })
  const events = recordEvents(client, 'config')
  fs.mkdirSync(`${at}.new`)
  await ask(client, { model: 'm' })
  await until('it is said', () => events.length > 0)
  assert.match(events[0].message, /^the ledger of costs could not be written: /)
  assert.ok(!events[0].message.includes('sk-'))
  fs.rmdirSync(`${at}.new`)
  await until('it is written', () => fs.readFileSync(at, 'utf8').includes('"calls":1'))
  assert.equal(events.length, 1)
})

test('a close that cannot write the ledger reports it', async (t) => {
  const at = path.join(folder(t), 'costs.json')
  const client = paid(t, () => ONE, { costs: { path: at } })
  const events = recordEvents(client, 'config')
  await ask(client, { model: 'm' })
  fs.mkdirSync(`${at}.new`)
  await client.close()
  await until('it is said', () => events.length > 0)
  assert.match(events[0].message, /^the ledger of costs could not be written: /)
})

test('what is no file is neither waited for nor read without end, and no lock is left beside it', (t) => {
  const made = folder(t)
  const pipe = path.join(made, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const at of [pipe, made, '/dev/zero', '/dev/null']) {
    assert.match(configProblems({ costs: { path: at } })[0], /^costs\.path '.*': is not a file$/)
    assert.ok(!fs.existsSync(`${at}.lock`))
  }
})

test('a ledger without read permission keeps the next client from using it', async (t) => {
  const at = path.join(folder(t), 'costs.json')
  fs.writeFileSync(at, '{}', { mode: 0o600 })
  const client = paid(t, () => ONE, { costs: { path: at } })
  await ask(client, { model: 'm' })
  await client.close()
  assert.match(fs.readFileSync(at, 'utf8'), /"calls":1/)
  assert.equal(fs.statSync(at).mode & 0o777, 0o600)
})

test('of many clients in turn on one ledger none loses a call to another\'s late writing', async (t) => {
  const at = path.join(folder(t), 'costs.json')
  for (let i = 0; i < 30; i++) {
    const client = paid(t, () => ONE, { costs: { path: at } })
    assert.equal(client.costs.report().total.calls, i)
    await ask(client, { model: 'm' })
    await client.close()
  }
})

test('names in a report are text: in a table, on a terminal and in a spreadsheet', async (t) => {
  const client = paid(t, () => ONE)
  const names = ['=1+1', 'a|b\\|c', '<img src=x>', '![x](http://127.0.0.1/x)', '\u001b[2Jgone', 'two\r\nlines\u2028three', '\u202edrowkcab', '`code`', '\tTab']
  for (const value of names) await ask(client, { model: 'm', tags: { '=tag': value } })
  const report = client.costs.report()
  const lines = report.toMarkdown().trimEnd().split(/\r\n|[\r\n\u2028\u2029]/)
  const cells = lines.filter((line) => line.startsWith('| Tag ')).map((line) => line.match(/(?:\\.|[^|\\])+/g).map((cell) => cell.trim()))
  assert.deepEqual(cells.map((row) => row.length), names.map(() => 11), 'no name ends its cell')
  // What a backslash stands before is itself.
  // eslint-disable-next-line no-control-regex
  const told = names.map((name) => name.replace(/[\r\n\t\u001b\u2028\u202e]/g, ' '))
  assert.deepEqual(cells.map(([name]) => name.replace(/\\(.)/g, '$1')), told.map((name) => `Tag =tag=${name}`.trim()))
  for (const [name] of cells) assert.doesNotMatch(name.replace(/\\./g, ''), /[<>[\]`*_|]/)
  const text = String(report)
  assert.ok(told.every((name) => text.includes(`Tag =tag=${name}`)))
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/)
  for (const line of report.toCsv().split('\r\n')) assert.doesNotMatch(line, /^"?[=+\-@\t\r]|,"?[=+@\t\r]/)
})

test('days are of UTC wherever the machine stands, and those that are none are refused', async (t) => {
  const client = paid(t, () => ONE)
  await ask(client, { model: 'm' })
  for (const from of ['2026-02-30', '2026-13-01', '2026', '21', 'Nov 21 2026', '2026-11-21T10:00', '', ' ', '1969-12-31', -1, NaN, 8.64e15 + 1, new Date(NaN), true, null, {}]) {
    assert.throws(() => client.costs.report({ from }), /options\.from must be a date since 1970/, String(from))
  }
  assert.throws(() => client.costs.report({ from: '2026-11-02', to: '2026-11-01' }), /options\.to must not be before options\.from/)
  assert.equal(client.costs.report({ from: '2000-02-29', to: '2000-02-29T23:59:59Z' }).total.calls, 0)
  const told = async (TZ) => {
    const program = `
      const client = new FailoverClient({ apiKey: 'sk-0123456789abcdefghij', proxy: false })
      const { from, to } = client.costs.report({ from: '2026-11-21', to: '2026-11-21T23:30:00-05:00' })
      console.log(JSON.stringify([from, to, client.costs.report({ to: '2026-11-20T23:00:00Z' }).to]))
      process.exit(0)`
    return json(t, program, { env: { TZ } })
  }
  for (const TZ of ['Pacific/Kiritimati', 'America/Los_Angeles']) assert.deepEqual(await told(TZ), ['2026-11-21', '2026-11-22', '2026-11-20'], TZ)
})
