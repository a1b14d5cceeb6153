'use strict'

// Files that are none, readers that go away, and names that would like to be more than names.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { run } = require('../helpers/child')

const BIN = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')

/** A folder that ends with the test. */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-cli-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

function bellwether (...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH }, timeout: 30_000 })
  return { status, stdout, stderr }
}

test('a closed pipe is no error, a full disk is', (t) => {
  const file = path.join(folder(t), 'costs.json')
  const models = Array.from({ length: 900 }, (_, i) => ['e', `${i}${'x'.repeat(190)}`, { calls: 1 }])
  fs.writeFileSync(file, JSON.stringify({ 20000: { models, tags: [] } }))
  const shell = (rest) => spawnSync('sh', ['-c', `"$0" "$1" costs "$2" ${rest}`, process.execPath, BIN, file], { encoding: 'utf8', env: { PATH: process.env.PATH } })
  const { stdout, stderr } = shell('| head -n 1')
  assert.match(stdout, /^Costs until .*\n$/)
  assert.equal(stderr, '')
  if (!fs.existsSync('/dev/full')) return
  const full = shell('> /dev/full')
  assert.deepEqual([full.status, full.stderr], [2, 'bellwether: the output cannot be written: ENOSPC\n'])
})

test('what is no file is not read to its end', (t) => {
  for (const file of [folder(t), '/dev/zero', '/dev/full'].filter((file) => fs.existsSync(file))) {
    for (const command of ['costs', 'check-config']) {
      const { status, stdout, stderr } = bellwether(command, file)
      assert.deepEqual([status, stdout], [2, ''])
      assert.match(stderr, /is not a file|is a directory/)
    }
  }
})

test('names neither move a cursor nor end a line', (t) => {
  const file = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(file, 'endpoints: [{name: "\\e[2Ja\\nb\\u202e", base_url: "http://127.0.0.1:1", api_key: null}]\nmodels: {"\\ex": "\\ey"}\nrules: {"\\ez": {}}\n')
  const fine = bellwether('check-config', file)
  assert.equal(fine.status, 0)
  assert.match(fine.stdout, /\n {2}1\. {2}\[2Ja b {2,}any model/)
  fs.appendFileSync(file, '"\\e[2Jgone": 1\n')
  const wrong = bellwether('check-config', file)
  assert.equal(wrong.status, 1)
  // eslint-disable-next-line no-control-regex
  for (const { stdout } of [fine, wrong]) assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/)
  assert.equal(wrong.stdout.trimEnd().split('\n').length, 1)
})

test('a file without read permission causes an error for a client, a reload and a watcher', async (t) => {
  const made = folder(t)
  fs.chmodSync(made, 0o755)
  const file = path.join(made, 'bellwether.yaml')
  const ledger = path.join(made, 'costs.json')
  fs.writeFileSync(file, 'endpoints: [{name: a, base_url: "http://127.0.0.1:1", api_key: null}]\n')
  fs.writeFileSync(ledger, '{}')
  // Drops the privileges of root, which may read everything.
  const { stdout, stderr } = await run(t, `
    const fs = require('node:fs')
    const file = ${JSON.stringify(file)}
    const client = FailoverClient.fromConfig(file, { watch: true })
    const told = new Promise((resolve) => client.on('config', resolve))
    const timer = setInterval(() => {}, 1000)
    fs.chmodSync(file, 0)
    fs.chmodSync(${JSON.stringify(ledger)}, 0)
    if (process.getuid() === 0) process.seteuid(65534)
    const said = []
    const problem = (error) => said.push(error.problems[0].message)
    try { FailoverClient.fromConfig(file) } catch (error) { problem(error) }
    try { new FailoverClient({ apiKey: 'sk-0123456789abcdefghij', costs: { path: ${JSON.stringify(ledger)} } }) } catch (error) { problem(error) }
    client.reload(file).catch(problem).then(() => told).then((event) => {
      said.push(event.problems[0].message, client.getEndpointStatus()[0].name)
      console.log(JSON.stringify(said))
      process.exit(0)
    })`)
  assert.notEqual(stdout, '', stderr)
  const [first, costs, ...rest] = JSON.parse(stdout)
  assert.equal(first, 'cannot be read: EACCES')
  assert.match(costs, /^'.*costs\.json': .*Permission denied/)
  assert.deepEqual(rest, ['cannot be read: EACCES', 'cannot be read: EACCES', 'a'])
})

test('quoted input and file contents cannot control a terminal', (t) => {
  const file = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(file, 'proxy: false\nendpoints:\n' + ['A', 'B'].map((name) => `  - {name: "\\e[2J${name}\\u202e", base_url: "http://127.0.0.1:1", api_key: null, models: ["\\e[31mm\\nx"]}\n`).join(''))
  const odd = '\u001b[2J\u009b1m\u202e'
  for (const [status, ...args] of [
    [0, 'bench', '--config', file, '--requests', '2'], [1, 'bench', '--config', file, '--requests', '2', '--model', odd],
    [2, 'bench', '--config', odd], [2, 'bench', `--${odd}`], [2, odd], [2, 'drill', odd, '--config', file], [2, 'probe', '--timeout', odd],
    [2, 'probe', '--yes', '--endpoint', odd, '--config', file], [2, 'costs', odd], [2, 'report', '--ledger', odd], [2, 'top', odd], [2, 'queue', odd],
    [2, 'serve', '--no-auth', '--host', odd], [2, 'completion', odd]
  ]) {
    const told = bellwether(...args)
    assert.equal(told.status, status, `${args}: ${told.stderr}`)
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(told.stdout + told.stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, args.join(' '))
  }
})

test('a number is a duration in milliseconds, as documented', () => {
  for (const args of [['probe', '--timeout', '1000'], ['doctor', '--timeout', '10.5'], ['top', 'http://127.0.0.1:1', '--interval', '1000'], ['serve', '--no-auth', '--drain', '0']]) {
    assert.doesNotMatch(bellwether(...args).stderr, /must be/, args.join(' '))
  }
  assert.match(bellwether('probe', '--timeout', '1e3').stderr, /--timeout must be milliseconds as a number/)
})
