'use strict'

// The page and what belongs to it, read once: what is not there when it is mounted is not served.

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')

const FOLDER = path.join(__dirname, '..', '..', 'dashboard')
/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2'
}
/** Its own scripts, styles and data; nothing of others', nothing inline, in nobody's frame. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'private, no-cache'
}
/** Stands in the page for where its events are, as seen from there. */
const EVENTS = '{{events}}'

/** @typedef {{ bytes: Buffer, type: string, etag: string }} Asset */

/** @param {string} events Relative to the page. */
function createDashboard (events) {
  /** @type {Map<string, Asset>} */
  const assets = new Map()
  for (const entry of fs.readdirSync(FOLDER, { withFileTypes: true })) {
    const type = TYPES[path.extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    let bytes = fs.readFileSync(path.join(FOLDER, entry.name))
    if (entry.name === 'index.html') bytes = Buffer.from(bytes.toString('utf8').replaceAll(EVENTS, escaped(events)))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    assets.set(entry.name === 'index.html' ? '' : entry.name, { bytes, type, etag })
  }

  /**
   * @param {Request} request
   * @param {string} name What comes after the page's own path.
   * @param {() => object} data
   * @returns {Response | undefined} Undefined where there is nothing.
   */
  return function dashboard ({ headers }, name, data) {
    if (name === 'data.json') {
      return new Response(JSON.stringify(data()), { headers: { ...HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' } })
    }
    const asset = assets.get(name)
    if (asset === undefined) return undefined
    const { bytes, type, etag } = asset
    const known = (headers.get('if-none-match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
    if (known.includes(etag) || known.includes('*')) return new Response(null, { status: 304, headers: { ...HEADERS, etag } })
    return new Response(bytes, { headers: { ...HEADERS, 'content-type': type, etag } })
  }
}

/** @param {string} text */
function escaped (text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

/**
 * One path as seen from the folder that another is: `../events` of `/events` from `/dashboard/`.
 * @param {string} folder @param {string} target
 */
function relative (folder, target) {
  const from = folder.split('/').slice(1)
  const to = target.split('/').slice(1)
  let same = 0
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++
  return '../'.repeat(from.length - same) + to.slice(same).join('/')
}

module.exports = { createDashboard, relative }
