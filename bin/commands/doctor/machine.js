'use strict'

// Checks the machine: Node, the native addon, files, keys, proxies.

const fs = require('node:fs')
const path = require('node:path')
const configFiles = require('../../../lib/config/config-file')
const native = require('../../../lib/native/addon')
const { readEnvironment } = require('../../../lib/config/environment')
const { engines, version } = require('../../../package.json')

/** @typedef {import('../doctor').Finding} Finding */

/** Vendors' keys are not shorter. */
const MIN_KEY_LENGTH = 20
const KEY_VARIABLES = ['HOLYSHEEP_API_KEY', 'OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GEMINI_API_KEY', 'DEEPSEEK_API_KEY']
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** @returns {any[]} */
function checkMachine () {
  const least = /\d+(?:\.\d+)*/.exec(engines.node)?.[0] ?? '0'
  const recent = least.split('.').map(Number)
  const now = process.versions.node.split('.').map(Number)
  const enough = now[0] > recent[0] || (now[0] === recent[0] && now[1] >= recent[1])
  const libc = process.platform !== 'linux' ? '' : /** @type {any} */ (process.report?.getReport())?.header?.glibcVersionRuntime
  const platform = `${process.platform} ${process.arch}${process.platform === 'linux' ? `, ${libc ? `glibc ${libc}` : 'musl'}` : ''}`
  return [
    { check: 'node', status: enough ? 'ok' : 'fail', message: `${process.version}, ${engines.node} is needed`, ...(enough ? {} : { advice: `install Node ${least} or newer` }) },
    // The addon is loaded: no command runs without it.
    { check: 'binary', status: 'ok', message: `bellwether ${version} for ${platform}` }
  ]
}

/**
 * Reads the parts of a configuration that are not secret. @param {string | undefined} file @returns {{ config: any,
 * paths: { what: string, path: string }[] }}
 */
function readConfig (file) {
  if (file === undefined) return { config: undefined, paths: [] }
  const { bytes, variables } = configFiles.readConfigFileSync(file)
  const { config } = JSON.parse(native.checkDocument(JSON.stringify({ options: {}, environment: readEnvironment(), file, variables }), bytes))
  return { config, paths: Object.entries(config?.paths ?? {}).map(([what, path]) => ({ what, path: String(path) })) }
}

/** @param {string} what @param {string} file @returns {any} */
function checkWritable (what, file) {
  const folder = path.dirname(path.resolve(file))
  try {
    fs.accessSync(fs.existsSync(file) ? file : folder, fs.constants.W_OK)
    if (!fs.statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    fs.accessSync(folder, fs.constants.W_OK)
    return { check: what, status: 'ok', message: `${file} can be written` }
  } catch (/** @type {any} */ error) {
    return { check: what, status: 'fail', message: `${file} cannot be written: ${error.code}`, advice: `create ${folder} and make it writable for this user` }
  }
}

/** Reports the form of keys, never their content. @param {any} config @returns {any[]} */
function checkKeys (config) {
  if (config !== undefined) {
    return config.endpoints.map((/** @type {{ name: string, keys: string[] }} */ { name, keys }) => ({
      check: `${name}: key`, status: 'ok', message: keys[0] === 'no key' ? 'no key is sent' : `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}, well formed`
    }))
  }
  const found = KEY_VARIABLES.filter((name) => process.env[name])
  return found.map((name) => {
    const key = /** @type {string} */ (process.env[name])
    const odd = key !== key.trim() ? 'has spaces around it' : key.length < MIN_KEY_LENGTH ? `has only ${key.length} characters, fewer than any vendor's key` : undefined
    return { check: `key ${name}`, status: odd === undefined ? 'ok' : 'warn', message: odd ?? `set, ${key.length} characters`, ...(odd === undefined ? {} : { advice: 'copy it again from the vendor' }) }
  })
}

/**
 * Reports the host of proxies, without user and password. @param {{ name: string, route:
 * import('./proxy-routes').ProxyRoute }[]} endpoints @returns {any[]}
 */
function checkProxies (endpoints) {
  const name = PROXY_VARIABLES.find((name) => process.env[name])
  const given = name === undefined ? '' : /** @type {string} */ (process.env[name])
  if (name !== undefined && !URL.canParse(given)) return [{ check: 'proxy', status: 'fail', message: `${name} is not an address`, advice: 'set it to http://host:port, or unset it' }]
  /** @type {Map<string, string[]>} */
  const routes = new Map()
  for (const { name, route: { proxy } } of endpoints) {
    if (proxy === undefined) continue
    const address = `${proxy.host}:${proxy.port}`
    routes.set(address, [...routes.get(address) ?? [], name])
  }
  const through = [...routes].map(([address, names]) => `${names.join(', ')} through ${address}`)
  const unused = name !== undefined && through.length === 0 ? `; ${name} names ${new URL(given).host}, which is not used` : ''
  return [{ check: 'proxy', status: 'ok', message: `${through.length === 0 ? 'no proxy is used' : through.join('; ')}${unused}` }]
}

module.exports = { checkMachine, readConfig, checkWritable, checkKeys, checkProxies }
