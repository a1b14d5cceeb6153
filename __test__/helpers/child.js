'use strict'

const { fork, spawn } = require('node:child_process')
const net = require('node:net')
const { once } = require('node:events')
const { join } = require('node:path')

const ROOT = join(__dirname, '..', '..')
/** What every child's program begins with. */
const PROLOGUE = `'use strict'
const bellwether = require(${JSON.stringify(ROOT)})
const { FailoverClient, HealthMonitor } = bellwether
`
const CLEARED = [
  'HOLYSHEEP_API_KEY', 'HOLYSHEEP_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY',
  'DEEPSEEK_API_KEY', 'BELLWETHER_BASE_URL', 'BELLWETHER_CONFIG', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY',
  'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_TEST_CONTEXT'
]

function clean (env) {
  const result = { ...process.env }
  for (const name of CLEARED) delete result[name]
  return { ...result, ...env }
}

/**
 * Runs a program to its end, in an environment without keys and proxies.
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string, ms: number }>}
 */
async function run (t, program, { env = {}, args = [], limit = 60_000 } = {}) {
  const began = Date.now()
  const child = spawn(process.execPath, [...args, '-e', PROLOGUE + program], { env: clean(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), limit)
  t.after(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text })
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  return { code, signal, stdout, stderr, ms: Date.now() - began }
}

/** As `run`, and the JSON that the program printed last. */
async function json (t, program, options) {
  const result = await run(t, program, options)
  if (result.code !== 0) {
    throw new Error(`the child ended with ${result.code ?? result.signal}\n${result.stdout}\n${result.stderr}`)
  }
  return JSON.parse(result.stdout.trim().split('\n').at(-1))
}

/**
 * A fault server in a process of its own, for tests that block this one.
 * `call(method, ...args)` calls its methods; steps are plain data.
 */
async function remoteServer (t, options = {}) {
  const child = fork(join(__dirname, 'fault-process.js'), [JSON.stringify(options)], { env: clean({}) })
  t.after(() => child.kill('SIGKILL'))
  const waiting = new Map()
  let next = 0
  child.on('message', ({ id, value }) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  const [{ value }] = await once(child, 'message')
  const call = (method, ...args) => new Promise((resolve) => {
    waiting.set(next, resolve)
    child.send({ id: next++, method, args })
  })
  return { ...value, call }
}

/** An address that accepts no connection: a listener with a full backlog that never accepts. */
async function blackhole (t) {
  const child = spawn(process.execPath, ['-e', `
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`], { env: clean({}), stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = await once(child.stdout, 'data')
  const fillers = Array.from({ length: 8 }, () => net.connect(Number(port), '127.0.0.1').on('error', () => {}))
  t.after(() => fillers.forEach((socket) => socket.destroy()))
  await once(fillers[0], 'connect')
  return `http://127.0.0.1:${port}`
}

module.exports = { run, json, remoteServer, blackhole }
