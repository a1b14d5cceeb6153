'use strict'

const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

/**
 * Runs a server in the foreground until the test ends; resolves once its port answers.
 * @param {import('node:test').TestContext} t
 */
async function run (t, command, args, port) {
  const child = spawn(command, args, { env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (text) => { complaints += text })
  t.after(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${complaints}`)
    if (await answers(port)) return child
  }
}

async function answers (port) {
  const socket = net.connect(port, '127.0.0.1')
  const up = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  if (!up) await new Promise((resolve) => setTimeout(resolve, 10))
  return up
}

async function freePort () {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** @param {import('node:test').TestContext} t */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

module.exports = { run, freePort, folder }
