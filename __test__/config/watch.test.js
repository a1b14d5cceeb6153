'use strict'

// Changes to a watched file: each state is reported once, and only a valid one is applied.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')
const { recordEvents, until, KEY } = require('../helpers/client')
const { run } = require('../helpers/child')
const { folder } = require('./helpers')

const text = (name) => `endpoints: [{name: ${name}, base_url: "http://127.0.0.1:1", api_key: null}]\n`

/** A client that watches a file, and its `config` events. */
function watched (t, at) {
  const client = FailoverClient.fromConfig(at, { watch: true })
  t.after(() => client.close({ drain: 0 }))
  const events = recordEvents(client, 'config')
  return {
    client,
    events,
    /** The next event. */
    next: async (what, change) => {
      const before = events.length
      change()
      await until(what, () => events.length > before)
      return events.at(-1).message.split(': ').slice(1).join(': ').replaceAll(at, 'it')
    }
  }
}

test('a file that goes, becomes something else, and comes back', async (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(at, text('first'))
  const { client, events, next } = watched(t, at)
  assert.equal(await next('it is gone', () => fs.unlinkSync(at)), 'it does not exist')
  // No further event follows, whatever else happens in the folder.
  fs.writeFileSync(`${at}.other`, '')
  assert.match(await next('it is a folder', () => fs.mkdirSync(at)), /^it is a directory/)
  assert.equal(await next('it is a link to nothing', () => { fs.rmdirSync(at); fs.symlinkSync('nowhere', at) }), 'it does not exist')
  assert.equal(await next('it is a link to itself', () => { fs.unlinkSync(at); fs.symlinkSync(path.basename(at), at) }), 'it cannot be read: ELOOP')
  assert.match(await next('it is empty', () => { fs.unlinkSync(at); fs.writeFileSync(at, '') }), /is empty/)
  assert.match(await next('it is too large', () => fs.writeFileSync(at, Buffer.alloc((1 << 20) + 1, ' '))), /is too large/)
  assert.match(await next('it is no text', () => fs.writeFileSync(at, Buffer.from([0xff, 0xff]))), /is not valid UTF-8/)
  assert.equal(client.getEndpointStatus()[0].name, 'first')
  assert.equal(await next('it is back', () => fs.writeFileSync(at, text('first'))), 'nothing changed')
  assert.equal(await next('it is another', () => fs.writeFileSync(at, text('second'))), 'added second; removed first')
  assert.equal(events.length, 9)
})

test('a link to a file elsewhere: written and replaced there', async (t) => {
  const elsewhere = path.join(folder(t), 'real.yaml')
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(elsewhere, text('first'))
  fs.symlinkSync(elsewhere, at)
  const { next } = watched(t, at)
  assert.equal(await next('written', () => fs.writeFileSync(elsewhere, text('second'))), 'added second; removed first')
  const replace = () => {
    fs.writeFileSync(`${elsewhere}.new`, text('third'))
    fs.renameSync(`${elsewhere}.new`, elsewhere)
  }
  assert.equal(await next('replaced', replace), 'added third; removed second')
})

test('a folder that is put in the place of the file\'s, as deployments do', async (t) => {
  const base = folder(t)
  const [now, then] = [path.join(base, 'now'), path.join(base, 'then')]
  const at = path.join(now, 'bellwether.yaml')
  for (const [place, name] of [[now, 'first'], [then, 'second']]) {
    fs.mkdirSync(place)
    fs.writeFileSync(path.join(place, 'bellwether.yaml'), text(name))
  }
  const { next } = watched(t, at)
  assert.equal(await next('replaced', () => { fs.renameSync(now, `${now}.old`); fs.renameSync(then, now) }), 'added second; removed first')
  assert.equal(await next('written', () => fs.writeFileSync(at, text('third'))), 'added third; removed second')
  assert.equal(await next('removed', () => fs.rmSync(now, { recursive: true })), 'it does not exist')
  const again = () => {
    fs.mkdirSync(now)
    fs.writeFileSync(at, text('fourth'))
  }
  assert.equal(await next('made again', again), 'added fourth; removed third')
})

test('a file that keeps being written is read in the end, and not each time', async (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(at, text('first'))
  const { client, events } = watched(t, at)
  for (let i = 0; i < 1_000; i++) {
    fs.writeFileSync(`${at}.new`, text(`n${i}`))
    fs.renameSync(`${at}.new`, at)
  }
  await until('the last', () => client.getEndpointStatus()[0].name === 'n999')
  assert.ok(events.length < 100, String(events.length))
})

test('no message quotes a key, wherever it is in a file', (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  for (const wrong of [`${KEY}: x`, `max_retries: ${KEY}`, `api_key: "${KEY} x"`, `endpoints: [${KEY}]`, `endpoints: [{name: a, ${KEY}: 1}]`, `${KEY}: 1\n${KEY}: 2`, `api_key: *${KEY}`, `api_key: "${KEY}`, `tls: {ca: ${KEY}}`, `rules: {r: {route_to: ${KEY}}}`, `proxy: ${KEY}`]) {
    fs.writeFileSync(at, wrong)
    assert.throws(() => FailoverClient.fromConfig(at), (error) => error.name === 'ConfigError' && !JSON.stringify([error.message, error.problems]).includes(KEY), wrong)
  }
  assert.throws(() => new FailoverClient({ apiKey: KEY, [KEY]: 1 }), (error) => error.name === 'ConfigError' && !error.message.includes(KEY))
})

test('five thousand problems are all kept, and a hundred are listed', (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(at, Array.from({ length: 5_000 }, (_, i) => `k${i}: 1`).join('\n'))
  assert.throws(() => FailoverClient.fromConfig(at), ({ message, problems }) => problems.length >= 5_000 && message.length < 50_000 && message.endsWith('more, in problems'))
})

test('a text in YAML 1.2 is not taken for false, and the message names it', (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(at, `${text('a')}breaker: off\nhealth: no\n`)
  assert.throws(() => FailoverClient.fromConfig(at), ({ problems }) => {
    assert.deepEqual(problems.map(({ line, path, message }) => [line, path, message]), [[2, 'breaker', 'must be false or an object, got a string'], [3, 'health', 'must be false or an object, got a string']])
    return true
  })
})

test('many clients watch one file, and collected ones watch no more', async (t) => {
  const at = path.join(folder(t), 'bellwether.yaml')
  fs.writeFileSync(at, text('first'))
  const { stdout, stderr } = await run(t, `
    const fs = require('node:fs')
    const at = ${JSON.stringify(at)}
    let ended = 0
    const { unwatchFile } = fs
    fs.unwatchFile = (...given) => { ended++; return unwatchFile(...given) }
    for (let i = 0; i < 20; i++) FailoverClient.fromConfig(at, { watch: true })
    const held = FailoverClient.fromConfig(at, { watch: true })
    const look = () => {
      global.gc()
      if (ended < 20) return setTimeout(look, 10)
      held.on('config', ({ changes }) => { console.log(ended, changes.added.join()); process.exit(0) })
      fs.writeFileSync(at, ${JSON.stringify(text('second'))})
      setInterval(() => {}, 1000)
    }
    look()`, { args: ['--expose-gc'] })
  assert.deepEqual([stdout, stderr], ['20 second\n', ''])
})
