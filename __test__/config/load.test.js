'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { FailoverClient, ConfigError, defineConfig } = require('../..')
const { run } = require('../helpers/child')
const { serve, textOf, faults, rejection, KEY } = require('../helpers/client')
const { ROOT, folder, file, variables } = require('./helpers')

function load (t, at, overrides) {
  const client = FailoverClient.fromConfig(at, { proxy: false, health: false, ...overrides })
  t.after(() => client.close({ drain: 0 }))
  return client
}

const document = (server) => `endpoints:\n  - name: a\n    base_url: ${server.url}\n    api_key: \${CONFIG_TEST_KEY}\n`

test('the document in its original shape loads unchanged', (t) => {
  variables(t, { HOLYSHEEP_API_KEY: 'sk-hs-0123456789abcdefghij' })
  const client = load(t, path.join(ROOT, 'examples', 'bellwether.yaml'))
  const status = client.getEndpointStatus()
  assert.deepEqual(status.map((e) => [e.name, e.model, e.url]), [
    ['primary', 'claude-sonnet-4-20250514', 'https://api.holysheep.ai/v1'],
    ['GPT-4.1 Premium', 'gpt-4.1', 'https://api.holysheep.ai/v1'],
    ['Gemini 2.5 Flash', 'gemini-2.5-flash', 'https://api.holysheep.ai/v1'],
    ['DeepSeek V3.2', 'deepseek-v3.2', 'https://api.holysheep.ai/v1']
  ])
})

test('a document\'s primary is asked first, its chain by priority, and a rule goes its way', async (t) => {
  const server = serve(t, { name: 'A' })
  const at = file(t, `
gateways:
  primary: { provider: anthropic, model: first, base_url: "${server.url}", api_key: "${KEY}" }
  fallback_chain:
    - { name: later, provider: openai, model: third, priority: 2 }
    - { name: sooner, provider: google, model: second, priority: 1 }
routing_rules:
  chain: { route_to: fallback_chain }
  one: { route_to: third }
`)
  const client = load(t, at)
  const asked = async (options) => (await client.chatCompletion('any', 'hi', options)).report.model
  assert.equal(await asked(), 'first')
  assert.equal(await asked({ route: 'chain' }), 'second')
  assert.equal(await asked({ route: 'one' }), 'third')
  // What is no vendor's own host is spoken to in OpenAI's dialect.
  assert.ok(server.hits().every((hit) => hit.path.endsWith('/chat/completions')), JSON.stringify(server.hits()))
})

test('JSON, file URLs and overrides', async (t) => {
  const server = serve(t)
  variables(t, { CONFIG_TEST_KEY: KEY })
  const at = file(t, JSON.stringify({ $schema: 'x', endpoints: [{ name: 'a', base_url: server.url, api_key: '${CONFIG_TEST_KEY}' }], fallback_response: 'from the file' }), 'c.json')
  const client = load(t, pathToFileURL(at), { maxRetries: 0, fallbackResponse: () => 'from a function' })
  server.script(...Array.from({ length: 9 }, () => faults.status(503)))
  const answer = await client.chatCompletion('m', 'hi')
  assert.equal(textOf(answer), 'from a function')
  assert.equal(answer.report.degraded, true)
})

test('without an argument, the file that is found; BELLWETHER_CONFIG before the working directory', async (t) => {
  const at = folder(t)
  fs.writeFileSync(path.join(at, 'bellwether.yml'), 'endpoints: [{name: yml, base_url: "http://127.0.0.1:1", api_key: null}]')
  fs.writeFileSync(path.join(at, 'named.json'), '{"endpoints":[{"name":"named","base_url":"http://127.0.0.1:1","api_key":null}]}')
  const code = `
    process.chdir(${JSON.stringify(at)})
    const names = (client) => { const found = client.getEndpointStatus().map((e) => e.name).join(); client.close(); return found }
    const seen = [names(new FailoverClient()), names(FailoverClient.fromConfig())]
    process.env.BELLWETHER_CONFIG = 'named.json'
    seen.push(names(new FailoverClient()), names(FailoverClient.fromConfig('bellwether.yml')))
    seen.push(names(new FailoverClient('sk-0123456789abcdefghij')))
    process.env.BELLWETHER_CONFIG = ''
    require('node:fs').rmSync('bellwether.yml')
    try { FailoverClient.fromConfig() } catch (error) { seen.push(error.message) }
    try { new FailoverClient() } catch (error) { seen.push(error.problems[0].path) }
    console.log(JSON.stringify(seen))`
  const { stdout } = await run(t, code)
  assert.deepEqual(JSON.parse(stdout), [
    'yml', 'yml', 'named', 'yml', 'openai',
    'there is no bellwether.yaml, bellwether.yml, bellwether.json in the working directory, and BELLWETHER_CONFIG is not set',
    'apiKey'
  ])
})

test('the default client is made from the file', async (t) => {
  const server = serve(t)
  const at = folder(t)
  variables(t, { CONFIG_TEST_KEY: KEY })
  fs.writeFileSync(path.join(at, 'bellwether.yaml'), document(server) + 'proxy: false\n')
  const code = `
    process.chdir(${JSON.stringify(at)})
    bellwether.chatCompletion('m', 'hi').then((answer) => { console.log(answer.report.endpoint); process.exit() })`
  const { stdout } = await run(t, code, { env: { CONFIG_TEST_KEY: KEY } })
  assert.equal(stdout.trim(), 'a')
})

test('a missing file is reported by its name', (t) => {
  const at = folder(t)
  const refused = (given) => {
    try {
      FailoverClient.fromConfig(given)
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error))
      return error.message
    }
    assert.fail('was read')
  }
  assert.equal(refused(at), `${at} is a directory; name the file in it`)
  assert.equal(refused(`${at}/none.yaml`), `${at}/none.yaml does not exist`)
  fs.writeFileSync(`${at}/large.yaml`, Buffer.alloc((1 << 20) + 1, ' '))
  assert.equal(refused(`${at}/large.yaml`), `${at}/large.yaml is too large: 1048577 bytes, at most 1048576 are read`)
  assert.equal(refused(5), 'path must be a path or a file: URL, got a number')
  assert.equal(refused(new URL('https://h/x')), 'path must be a path or a file: URL, got another URL')
  assert.equal(refused('/dev/null'), '/dev/null is not a file')
})

test('overrides are checked as options, beside a document\'s problems', async (t) => {
  const at = file(t, 'endpoints: [{name: a, base_url: "http://h", api_key: null}]\nmax_retires: 1\n')
  const error = await rejection((async () => FailoverClient.fromConfig(at, { maxRetries: -1 }))())
  assert.deepEqual(error.problems, [
    { file: at, line: 2, column: 1, path: 'max_retires', message: "is not an option; did you mean 'max_retries'?" },
    { path: 'maxRetries', message: 'must be a whole number from 0 to 100, got -1' }
  ])
})

test('defineConfig gives back what it is given', () => {
  const options = { apiKey: KEY }
  assert.equal(defineConfig(options), options)
})

test('a document may leave the exchanges to the platform\'s fetch', async (t) => {
  const server = serve(t)
  variables(t, { CONFIG_TEST_KEY: KEY })
  const { fetch } = globalThis
  let asked = 0
  t.after(() => { globalThis.fetch = fetch })
  globalThis.fetch = (...given) => { asked++; return fetch(...given) }
  const client = FailoverClient.fromConfig(file(t, `${document(server)}transport: fetch\n`))
  t.after(() => client.close({ drain: 0 }))
  assert.equal((await client.chatCompletion('m', 'hi')).report.endpoint, 'a')
  assert.equal(asked, 1)
})

test('a watched file keeps no process alive, and a closed client watches no more', async (t) => {
  const server = serve(t)
  const at = file(t, document(server))
  const code = `
    const fs = require('node:fs')
    const at = ${JSON.stringify(at)}
    const closed = FailoverClient.fromConfig(at, { watch: true })
    closed.on('config', () => console.log('the closed one heard'))
    const open = FailoverClient.fromConfig(at, { watch: true })
    // Referenced for the time of the change, which is told within it.
    const timer = setInterval(() => {}, 1000)
    open.on('config', (event) => { console.log(event.changes.options.join()); clearInterval(timer) })
    closed.close().then(() => fs.appendFileSync(at, 'max_retries: 1\\n'))`
  const { code: exit, stdout } = await run(t, code, { env: { CONFIG_TEST_KEY: KEY } })
  assert.equal(exit, 0)
  assert.equal(stdout, 'maxRetries\n')
})
