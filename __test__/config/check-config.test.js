'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { ROOT, file, folder } = require('./helpers')

const KEY = 'sk-hs-CANARY456789abcdefg1234'
const EXAMPLE = path.join(ROOT, 'examples', 'bellwether.yaml')

function bellwether (args, { env = {}, cwd = ROOT } = {}) {
  const clean = { PATH: process.env.PATH, ...env }
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'bin', 'bellwether.js'), ...args], { cwd, env: clean, encoding: 'utf8' })
  assert.ok(!`${stdout}${stderr}`.includes('CANARY'), stdout + stderr)
  return { status, stdout, stderr }
}

test('prints the configuration: endpoints in order with masked keys, aliases, rules', (t) => {
  const { status, stdout, stderr } = bellwether(['check-config', EXAMPLE], { env: { HOLYSHEEP_API_KEY: KEY } })
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.equal(stdout, `${EXAMPLE} is valid

Endpoints, in order
  1. primary           claude-sonnet-4-20250514  anthropic at https://api.holysheep.ai/v1, key sk-…1234, probed
  2. GPT-4.1 Premium   gpt-4.1  openai at https://api.holysheep.ai/v1, key sk-…1234
  3. Gemini 2.5 Flash  gemini-2.5-flash  google at https://api.holysheep.ai/v1, key sk-…1234
  4. DeepSeek V3.2     deepseek-v3.2  deepseek at https://api.holysheep.ai/v1, key sk-…1234

Rules
  customer_service: GPT-4.1 Premium, Gemini 2.5 Flash, DeepSeek V3.2; at most 3 retries
  batch_processing: deepseek-v3.2; then all other endpoints; cheapest first
  real_time_chat: gpt-4.1; then all other endpoints; first content within 1500 ms

Alerts
  to Slack
`)
  const place = file(t, 'endpoints: ["http://h/v1"]\napi_key: null\nmodels: { quick: [a, b] }\n')
  assert.match(bellwether(['check-config', place]).stdout, /any model {2}relay at http:\/\/h\/v1, no key\n\nAliases\n {2}quick: a, b\n$/)
})

test('prints every problem, as file:line:column path message', (t) => {
  const { status, stdout, stderr } = bellwether(['check-config', EXAMPLE])
  assert.equal(status, 1)
  assert.equal(stdout, `${EXAMPLE}:7:14 gateways.primary.api_key the environment variable HOLYSHEEP_API_KEY is not set; set it, or write \${HOLYSHEEP_API_KEY:-default}\n`)
  assert.equal(stderr, `1 problem in ${EXAMPLE}\n`)
  const place = file(t, 'max_retires: 1\ntimeuot: 2\napi_key: 0123456789abcdefghijk\n')
  assert.deepEqual(bellwether(['check-config', place]).stdout.trim().split('\n').map((line) => line.slice(place.length)), [
    ":1:1 max_retires is not an option; did you mean 'max_retries'?",
    ":2:1 timeuot is not an option; did you mean 'timeout'?"
  ])
})

test('--json prints the same for programs', () => {
  const good = bellwether(['check-config', EXAMPLE, '--json'], { env: { HOLYSHEEP_API_KEY: KEY } })
  assert.equal(good.status, 0)
  const { file, config } = JSON.parse(good.stdout)
  assert.equal(file, EXAMPLE)
  assert.deepEqual(config.endpoints.map((e) => e.keys), Array(4).fill(['sk-…1234']))
  const bad = bellwether(['check-config', EXAMPLE, '--json'])
  assert.equal(bad.status, 1)
  assert.deepEqual(Object.keys(JSON.parse(bad.stdout).problems[0]), ['file', 'line', 'column', 'path', 'message'])
})

test('finds the file as a client does; none, misuse and help', (t) => {
  const cwd = folder(t)
  const none = bellwether(['check-config'], { cwd })
  assert.equal(none.status, 2)
  assert.match(none.stderr, /^there is no bellwether\.yaml, /)
  assert.equal(bellwether(['check-config', 'none.yaml'], { cwd }).stderr, 'none.yaml does not exist\n')
  fs.writeFileSync(path.join(cwd, 'bellwether.json'), '{"api_key": "0123456789abcdefghijk"}')
  assert.match(bellwether(['check-config'], { cwd }).stdout, /^bellwether\.json is valid\n/)
  for (const [args, status, says] of [
    [['check-config', '--jsno'], 2, /unknown option '--jsno'; did you mean '--json'/],
    [['check-config', 'a', 'b'], 2, /unexpected argument 'b'/],
    [['chek-config'], 2, /unknown command 'chek-config'; did you mean 'check-config'\?; commands are bench, check-config/],
    [['constructor'], 2, /unknown command 'constructor'/],
    [[], 2, /Usage: bellwether <command>/],
    [['--help'], 0, /check-config {3}Reads a configuration file/],
    [['check-config', '--help'], 0, /Examples:\n {2}bellwether check-config\n/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/]
  ]) {
    const result = bellwether(args, { cwd })
    assert.equal(result.status, status, args.join(' '))
    assert.match(result.stdout + result.stderr, says)
  }
})

test('colours are for terminals', () => {
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(bellwether(['check-config', EXAMPLE], { env: { HOLYSHEEP_API_KEY: KEY } }).stdout, /\u001b/)
})
