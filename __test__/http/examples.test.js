'use strict'

// The examples run as they stand; Next's in next.test.js.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const OpenAI = require('openai')
const { until } = require('../helpers/client')
const { CHAT } = require('./helpers')

const FOLDER = path.join(__dirname, '..', '..', 'examples', 'http')
const TOKEN = 'of-this-test'

for (const name of fs.readdirSync(FOLDER).filter((file) => /^\w+\.mjs$/.test(file))) {
  test(name, async (t) => {
    const { PATH, HOME } = process.env
    const child = spawn(process.execPath, [path.join(FOLDER, name)], { env: { PATH, HOME, PORT: '0', TOKEN }, stdio: ['ignore', 'pipe', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text })
    await until('it listens', () => said.includes('\n') || child.exitCode !== null, 30_000)
    const [baseURL] = /http:\S+\/v1/.exec(said) ?? assert.fail(said)
    const ask = (apiKey) => new OpenAI({ baseURL, apiKey, maxRetries: 0 }).chat.completions.create(CHAT)
    assert.equal((await ask(TOKEN)).choices[0].message.content, 'Hello from vendor')
    await assert.rejects(ask('wrong'), OpenAI.AuthenticationError)
    assert.equal((await fetch(new URL('/health', baseURL))).status, 200)
  })
}
