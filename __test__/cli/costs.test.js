'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { KEY, openClient, ask } = require('../helpers/client')

const BIN = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const ANSWER = { id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }], usage: { prompt_tokens: 2, completion_tokens: 0, total_tokens: 2 } }

function costs (...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, 'costs', ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } })
  return { status, stdout, stderr }
}

test('the file of a client has its costs, during the run and afterwards', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-cli-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'costs.json')
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: 'https://a.example/v1' }], transport: async () => Response.json(ANSWER), prices: { m: { input: 1_000_000, output: 0 } }, costs: { path: file } })
  assert.match(costs(file).stdout, /^Costs until \d{4}-\d\d-\d\d\n[^]*\nTotal +0 /)
  await ask(client, { model: 'm', tags: { team: 'search' } })
  const report = client.costs.report()
  await client.close()
  const text = costs(file)
  assert.deepEqual([text.status, text.stderr], [0, ''])
  assert.equal(text.stdout, String(report))
  assert.equal(costs(file, '--format', 'markdown').stdout, report.toMarkdown())
  assert.equal(costs(file, '--format', 'csv').stdout.trimEnd(), report.toCsv().trimEnd())
  assert.deepEqual(JSON.parse(costs(file, '--json').stdout), JSON.parse(JSON.stringify(report)))
  assert.equal(JSON.parse(costs(file, '--json', '--to', '2000-01-01').stdout).total.calls, 0)
  assert.ok(!text.stdout.includes(KEY))
})

test('a file that cannot be reported causes an error and its own exit code', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-cli-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const broken = path.join(folder, 'broken.json')
  fs.writeFileSync(broken, '[1]')
  for (const [args, status, says] of [
    [[], 2, /the file is missing\nUsage: bellwether costs <file>/],
    [[broken], 1, /broken\.json' is not a ledger: /],
    [[path.join(folder, 'none')], 2, /cannot be read: ENOENT/],
    [[broken, '--format', 'pdf'], 2, /--format must be one of text, markdown, csv, got 'pdf'/],
    [[broken, '--from', 'yesterday'], 2, /--from must be a date/],
    [[broken, 'more'], 2, /unexpected argument 'more'/],
    [[broken, '--frm', 'x'], 2, /--frm/]
  ]) {
    const told = costs(...args)
    assert.deepEqual([told.status, told.stdout], [status, ''], args.join(' '))
    assert.match(told.stderr, says)
  }
  assert.match(costs('--help').stdout, /Examples:/)
})
