'use strict'

// Writes docs/vendor-errors.md from the corpus. `--check` only reports whether it is current.

const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const FOLDER = path.join(ROOT, 'tests', 'corpus')
const PAGE = path.join(ROOT, 'docs', 'vendor-errors.md')
const TITLES = {
  openai: 'OpenAI', azure: 'Azure OpenAI', anthropic: 'Anthropic', gemini: 'Gemini', deepseek: 'DeepSeek',
  relays: 'Relays and compatible servers', gateways: 'Gateways and proxies'
}
/** Headers that are shown with a case. */
const HINT_HEADERS = ['retry-after-ms', 'retry-after', 'date', 'x-should-retry', 'x-ratelimit-reset-requests']
const NEXT = {
  yes: 'yes',
  otherKey: 'with another key',
  largerWindow: 'with a larger `contextWindow`',
  largerLimit: 'unless its limit is known to be as small',
  optIn: 'with `retry.failoverOn`'
}
const LONGEST = 120

/** Consequences of each reason. */
const reasons = load('reasons')

/** Returns every case with its vendor. */
function corpus () {
  return Object.keys(TITLES).flatMap((vendor) => load(vendor).map((one) => ({ vendor, ...one })))
}

/**
 * Returns the consequences of a case: those of its reason, with the case's own exceptions. Undefined for a case
 * without a failure.
 */
function consequences ({ expect }) {
  const row = reasons[expect.reason]
  return row && { ...row, same: expect.same ?? row.same }
}

function page () {
  const cases = corpus()
  return `<!-- Written by tools/generate/vendor-errors.js from tests/corpus/*.json. -->

# What vendors say, and what it is taken for

${cases.length} responses as vendors, relays and gateways send them, and the \`reason\` that bellwether gives each. The tests send
every one of them through a socket; [tests/corpus/README.md](../tests/corpus/README.md) says how to add one. What a reason means for
retries and breakers, and how long a pause is, is in [failures.md](failures.md).

*Event* is an error inside a stream that began with 200. *Hint* is the wait that was read out of the response. *Next* says
whether another endpoint is asked, *parked* whether this model there or everything under this key is left alone for a while.

${Object.entries(TITLES).map(([vendor, title]) => section(title, cases.filter((one) => one.vendor === vendor))).join('\n')}`
}

function section (title, cases) {
  const rows = cases.map((one) => {
    const { code, type, message } = readError(one)
    const row = consequences(one)
    const words = [...new Set([code, type])].filter(Boolean).map(quoted).join(', ')
    const text = [shorten(message), ...hintHeaders(one.headers)].filter(Boolean).join(' ')
    return [
      one.name,
      one.stream && row ? 'event' : one.status,
      words,
      text,
      row ? quoted(one.expect.reason) : 'an answer',
      one.expect.hintMs === undefined ? '' : formatWait(one.expect.hintMs),
      row ? NEXT[row.next] : '',
      row ? row.parks ?? '–' : ''
    ]
  })
  return `## ${title}

| case | status | code, type | what it says | reason | hint | next | parked |
|---|---|---|---|---|---|---|---|
${rows.map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`).join('\n')}
`
}

/** Returns code, type and message of a body for the page. The parser of the product is in Rust. */
function readError ({ status, body, stream }) {
  const value = typeof body !== 'string' ? body : stream ? lastEvent(body) : parsed(body)
  const outer = Array.isArray(value) ? value[0] : value
  if (outer === null || typeof outer !== 'object') return { message: plain(String(outer ?? '')) }
  if (outer.choices && !outer.error) return { message: finish(outer.choices[0]) }
  const inner = [outer.error, outer.detail?.error, outer.detail].find((one) => one && typeof one === 'object' && !Array.isArray(one)) ?? outer
  const details = Array.isArray(inner.details) ? inner.details : []
  const code = inner.details?.error_code ?? details.find((one) => one.reason)?.reason ?? inner.code ?? inner.innererror?.code
  const quotas = details.flatMap((one) => one.violations ?? []).map((one) => one.quotaId)
  const delay = details.find((one) => one.retryDelay)?.retryDelay
  const after = inner.retry_after ?? outer.retry_after
  const message = inner.message ?? (typeof outer.error === 'string' ? outer.error : outer.detail) ?? JSON.stringify(outer)
  return {
    code: code === undefined || code === null || String(code) === String(status) ? undefined : String(code),
    type: (inner.type === 'error' ? undefined : inner.type) ?? (typeof inner.status === 'string' ? inner.status : undefined),
    message: [plain(typeof message === 'string' ? message : JSON.stringify(message)), ...quotas, delay && `retryDelay ${delay}`, after && `retry_after ${after}`].filter(Boolean).join(' · ')
  }
}

function finish ({ message, finish_reason: reason }) {
  if (!reason) return 'no finish reason'
  return message?.refusal ? `a refusal, finish reason ${reason}` : `finish reason ${reason}`
}

function lastEvent (text) {
  const events = text.split(/\n\n|\r\n\r\n|\r\r/).map((event) => [...event.matchAll(/^\ufeff?data: ?(.*?)$/gm)].map(([, data]) => data).join('\n'))
  return parsed(events.findLast((data) => data !== '' && data !== '[DONE]') ?? text)
}

function parsed (text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function hintHeaders (headers = {}) {
  return HINT_HEADERS.filter((name) => name in headers).map((name) => `\`${name}: ${headers[name]}\``)
}

function formatWait (ms) {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`
}

function plain (text) {
  return text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
}

/** Shortens a text in the middle: its beginning names the problem, its end the fix. */
function shorten (text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST / 2).trimEnd()} … ${text.slice(-LONGEST / 2).trimStart()}` : text
}

function quoted (word) {
  return `\`${word}\``
}

/** Escapes characters that are special in Markdown. */
function escapeCell (text) {
  return String(text).split(/(`[^`]*`)/).map((part, i) => (i % 2 ? part : part.replace(/[\\*_<[\]]/g, '\\$&'))).join('').replaceAll('|', '\\|')
}

function load (name) {
  return JSON.parse(fs.readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'))
}

function main (args) {
  const unknown = args.find((arg) => arg !== '--check')
  if (unknown !== undefined) {
    console.error(`tools/generate/vendor-errors.js: '${unknown}' is not an option; accepted is --check`)
    return 2
  }
  const text = page()
  if (!args.includes('--check')) {
    fs.writeFileSync(PAGE, text)
    return 0
  }
  const current = fs.existsSync(PAGE) && fs.readFileSync(PAGE, 'utf8') === text
  if (!current) console.error('docs/vendor-errors.md is out of date: run node tools/generate/vendor-errors.js and commit the result')
  return current ? 0 : 1
}

if (require.main === module) process.exitCode = main(process.argv.slice(2))

module.exports = { TITLES, corpus, consequences }
