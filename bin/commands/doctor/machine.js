'use strict'

// What a client stands on here: Node, the binary, files, keys, proxies.

const fs = require('node:fs')
const path = require('node:path')
const documents = require('../../../lib/config/config-file')
const native = require('../../../lib/native/addon')
const { environment } = require('../../../lib/config/options')
const { engines, version } = require('../../../package.json')

/** @typedef {import('../doctor').Finding} Finding */

/** Keys for vendors' own hosts are no shorter. */
const SHORTEST = 20
const KEYS = ['HOLYSHEEP_API_KEY', 'OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY', 'DEEPSEEK_API_KEY']
const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** @returns {any[]} */
function here () {
  const least = /\d+(?:\.\d+)*/.exec(engines.node)?.[0] ?? '0'
  const recent = least.split('.').map(Number)
  const now = process.versions.node.split('.').map(Number)
  const enough = now[0] > recent[0] || (now[0] === recent[0] && now[1] >= recent[1])
  const libc = process.platform !== 'linux' ? '' : /** @type {any} */ (process.report?.getReport())?.header?.glibcVersionRuntime
  const platform = `${process.platform} ${process.arch}${process.platform === 'linux' ? `, ${libc ? `glibc ${libc}` : 'musl'}` : ''}`
  return [
    { check: 'node', status: enough ? 'ok' : 'fail', message: `${process.version}, ${engines.node} is needed`, ...(enough ? {} : { advice: `install Node ${least} or newer` }) },
    // It is loaded, or no command would run.
    { check: 'binary', status: 'ok', message: `bellwether ${version} for ${platform}` }
  ]
}

/** What a document says that can be told of it. @param {string | undefined} file @returns {{ config: any, paths: { what: string, path: string }[] }} */
function clientOf (file) {
  if (file === undefined) return { config: undefined, paths: [] }
  const { bytes, variables } = documents.readSync(file)
  const { config } = JSON.parse(native.checkDocument(JSON.stringify({ options: {}, environment: environment(), file, variables }), bytes))
  return { config, paths: Object.entries(config?.paths ?? {}).map(([what, path]) => ({ what, path: String(path) })) }
}

/** @param {string} what @param {string} file @returns {any} */
function writable (what, file) {
  const folder = path.dirname(path.resolve(file))
  try {
    fs.accessSync(fs.existsSync(file) ? file : folder, fs.constants.W_OK)
    if (!fs.statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    fs.accessSync(folder, fs.constants.W_OK)
    return { check: what, status: 'ok', message: `${file} can be written` }
  } catch (/** @type {any} */ error) {
    return { check: what, status: 'fail', message: `${file} cannot be written: ${error.code}`, advice: `make ${folder}, and let this user write to it` }
  }
}

/** Nothing of a key but its shape. @param {any} config @returns {any[]} */
function keys (config) {
  if (config !== undefined) {
    return config.endpoints.map((/** @type {{ name: string, keys: string[] }} */ { name, keys }) => ({
      check: `${name}: key`, status: 'ok', message: keys[0] === 'no key' ? 'none is sent' : `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}, well formed`
    }))
  }
  const found = KEYS.filter((name) => process.env[name])
  return found.map((name) => {
    const key = /** @type {string} */ (process.env[name])
    const odd = key !== key.trim() ? 'has spaces around it' : key.length < SHORTEST ? `has ${key.length} characters, fewer than any vendor gives` : undefined
    return { check: `key ${name}`, status: odd === undefined ? 'ok' : 'warn', message: odd ?? `set, ${key.length} characters`, ...(odd === undefined ? {} : { advice: 'copy it anew from the vendor' }) }
  })
}

/** Nothing of a proxy but its host: not its name and password. @param {{ name: string, way: import('./proxy-routes').Way }[]} endpoints @returns {any[]} */
function proxies (endpoints) {
  const name = PROXIES.find((name) => process.env[name])
  const given = name === undefined ? '' : /** @type {string} */ (process.env[name])
  if (name !== undefined && !URL.canParse(given)) return [{ check: 'proxy', status: 'fail', message: `${name} is no address`, advice: 'set it to http://host:port, or unset it' }]
  /** @type {Map<string, string[]>} */
  const ways = new Map()
  for (const { name, way: { proxy } } of endpoints) {
    if (proxy === undefined) continue
    const place = `${proxy.host}:${proxy.port}`
    ways.set(place, [...ways.get(place) ?? [], name])
  }
  const through = [...ways].map(([place, names]) => `${names.join(', ')} through ${place}`)
  const unused = name !== undefined && through.length === 0 ? `; ${name} names ${new URL(given).host}, which is not used` : ''
  return [{ check: 'proxy', status: 'ok', message: `${through.length === 0 ? 'none on the way to an endpoint' : through.join('; ')}${unused}` }]
}

module.exports = { here, clientOf, writable, keys, proxies }
