'use strict'

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { folder } = require('../servers/helpers')

const BIN = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const KEY = 'sk-test-0123456789abcdef'

/** The command as a child process, in a folder with this configuration. Nothing that it prints may have the key. */
async function cli (t, args, { config, env = {} } = {}) {
  const cwd = folder(t)
  if (config !== undefined) fs.writeFileSync(path.join(cwd, 'bellwether.json'), JSON.stringify({ proxy: false, ...config }))
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let [said, complained] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => { said += text })
  child.stderr.setEncoding('utf8').on('data', (text) => { complained += text })
  const [code] = await once(child, 'close')
  if (`${said}${complained}`.includes(KEY)) throw new Error('the key was printed')
  return { code, said, complained, json: () => JSON.parse(said) }
}

/** A configuration of fault servers. */
const configOf = (...vendors) => ({ endpoints: vendors.map(({ url }, i) => ({ name: 'ABC'[i], base_url: url, api_key: KEY, models: ['gpt-4.1', 'gpt-4.1-mini'] })) })

module.exports = { cli, configOf, BIN, KEY }
