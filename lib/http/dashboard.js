'use strict'

// Serves the dashboard's files. They are read once, when the dashboard is mounted.

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')

const FOLDER = path.join(__dirname, '..', '..', 'dashboard')
/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2'
}
/** Allows the page's own scripts, styles and data only: nothing inline, nothing from other origins, no frames. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'private, no-cache'
}
/** The placeholder for the relative path of the events. */
const EVENTS = '{{events}}'

/** @typedef {{ bytes: Buffer, type: string, etag: string, policy?: string }} Asset */

/** The name of the page when it is requested without the trailing slash, which some servers remove. */
const AS_FILE = '.'

/**
 * @param {string} dashboardPath
 * @param {string} events The path of the events.
 */
function createDashboard (dashboardPath, events) {
  /** @type {Map<string, Asset>} */
  const assets = new Map()
  for (const name of /** @type {string[]} */ (fs.readdirSync(FOLDER, { recursive: true }))) {
    const type = TYPES[path.extname(name)]
    if (type === undefined) continue
    const bytes = fs.readFileSync(path.join(FOLDER, name))
    if (name !== 'index.html') {
      assets.set(name.replaceAll(path.sep, '/'), createAsset(bytes, type))
      continue
    }
    const page = bytes.toString('utf8').replaceAll(EVENTS, escapeHtml(relativePath(dashboardPath, events)))
    assets.set('', createAsset(Buffer.from(page), type))
    // The page's links are relative to its folder.
    const base = `<head>\n  <base href="${escapeHtml(dashboardPath.slice(dashboardPath.lastIndexOf('/') + 1))}/">`
    assets.set(AS_FILE, { ...createAsset(Buffer.from(page.replace('<head>', base)), type), policy: POLICY.replace("base-uri 'none'", "base-uri 'self'") })
  }

  /**
   * @param {Request} request
   * @param {string} name The path after the page's own: empty after its slash, AS_FILE without one.
   * @param {() => object} data
   * @returns {Response | undefined} Undefined where there is nothing.
   */
  return function dashboard ({ headers }, name, data) {
    if (name === 'data.json') {
      return new Response(JSON.stringify(data()), { headers: { ...HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' } })
    }
    const found = assets.get(name)
    if (found === undefined) return undefined
    const { bytes, type, etag, policy = POLICY } = found
    const known = (headers.get('if-none-match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
    if (known.includes(etag) || known.includes('*')) return new Response(null, { status: 304, headers: { ...HEADERS, 'content-security-policy': policy, etag } })
    return new Response(bytes, { headers: { ...HEADERS, 'content-security-policy': policy, 'content-type': type, etag } })
  }
}

/** @param {Buffer} bytes @param {string} type @returns {Asset} */
function createAsset (bytes, type) {
  return { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}

/** @param {string} text */
function escapeHtml (text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

/**
 * Returns a path relative to a folder: `../events` for `/events` from `/dashboard/`.
 * @param {string} folder @param {string} target
 */
function relativePath (folder, target) {
  const from = folder.split('/').slice(1)
  const to = target.split('/').slice(1)
  let same = 0
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++
  return '../'.repeat(from.length - same) + to.slice(same).join('/')
}

module.exports = { createDashboard, AS_FILE }
