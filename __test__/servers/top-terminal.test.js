'use strict'

// `bellwether top` on a terminal: the pseudo-terminal of Debian's `script`.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { once } = require('node:events')
const { spawn } = require('node:child_process')
const { setup, ask, until, faults } = require('../helpers/client')
const { mount } = require('../http/helpers')

const CLI = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const [ENTER, LEAVE] = ['\u001b[?1049h', '\u001b[?25h\u001b[?1049l']
const SIZE = 'stty cols 100 rows 20'

function start (t, url, { env = {}, more = '' } = {}) {
  const line = `${SIZE}; ${more} exec '${process.execPath}' '${CLI}' top '${url}/dashboard' --interval 100ms`
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: '', NO_COLOR: '', ...env } })
  t.after(() => child.kill('SIGKILL'))
  const terminal = { child, said: '', exit: once(child, 'exit') }
  child.stdout.setEncoding('utf8').on('data', (text) => { terminal.said += text })
  terminal.shows = (wanted) => until(String(wanted), () => wanted.test(terminal.said))
  return terminal
}

test('it takes the screen, shows an outage as it happens, and gives the screen back', async (t) => {
  const { client, a } = setup(t, { breaker: { failureThreshold: 1, recoveryTimeout: '60s' } })
  const { url } = await mount(t, client, { dashboard: true, authorize: 'none' })
  await ask(client)
  const terminal = start(t, url)
  await terminal.shows(/Healthy/)
  assert.ok(terminal.said.startsWith(ENTER), JSON.stringify(terminal.said.slice(0, 40)))
  await until('it follows the events', async () => (await (await fetch(`${url}/dashboard/data.json`)).json()).push.listeners > 0)
  a.always(faults.serverError())
  await ask(client)
  await terminal.shows(/A is down; 1 of 2 is healthy/)
  await terminal.shows(/Failover +A \(gpt-4o\) → B/)
  // Frames are drawn over one another, each within the screen.
  const frames = terminal.said.split('\u001b[?2026h').slice(1)
  // eslint-disable-next-line no-control-regex -- what steers a terminal is no text
  const lines = frames.map((frame) => frame.split('\u001b[?2026l')[0].replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').split(/[\r\n]+/))
  assert.ok(lines.every((frame) => frame.length <= 20 && frame.every((line) => [...line].length <= 100)), JSON.stringify(lines.at(-1)))
  assert.ok(!terminal.said.includes('\u001b[2J'), 'nothing is wiped before it is drawn')
  terminal.child.stdin.write('q')
  assert.deepEqual(await terminal.exit, [0, null])
  assert.ok(terminal.said.trimEnd().endsWith(LEAVE))
})

test('Ctrl-C and signals restore the screen; without colours nothing is coloured; a lost process is reported', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url, server } = await mount(t, client, { dashboard: true, authorize: 'none' })
  const plain = start(t, url, { env: { NO_COLOR: '1' } })
  await plain.shows(/Healthy/)
  plain.child.stdin.write('\u0003')
  assert.deepEqual(await plain.exit, [0, null])
  assert.ok(plain.said.trimEnd().endsWith(LEAVE))
  // eslint-disable-next-line no-control-regex -- colours
  assert.doesNotMatch(plain.said, /\u001b\[[\d;]*m/)

  const terminal = start(t, url, { more: 'echo pid=$$;' })
  await terminal.shows(/Healthy/)
  server.closeAllConnections()
  server.close()
  await terminal.shows(/DISCONNECTED since \d\d:\d\d:\d\d/)
  process.kill(Number(/pid=(\d+)/.exec(terminal.said)[1]), 'SIGTERM')
  assert.deepEqual(await terminal.exit, [0, null])
  assert.ok(terminal.said.trimEnd().endsWith(LEAVE))
})
