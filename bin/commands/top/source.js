'use strict'

// Fetches the data of `top`: data.json on request, events as they arrive.

const TIMEOUT_MS = 10_000
const RETRY_MS = 2_000
/** Limit for one response or event, in bytes. */
const MAX_BYTES = 64 << 20

class SourceError extends Error {}

/**
 * @param {string} address The dashboard's address.
 * @param {string | undefined} token
 */
function createSource (address, token) {
  const base = new URL(address)
  base.pathname = base.pathname.replace(/\/*$/, '/')
  base.search = ''
  base.hash = ''
  /** @type {Record<string, string>} */
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }

  /** @param {URL} url @param {AbortSignal} signal @returns {Promise<Response>} */
  async function get (url, signal, more = {}) {
    let response
    try {
      response = await fetch(url, { headers: { ...headers, ...more }, signal, redirect: 'manual' })
    } catch (/** @type {any} */ error) {
      const why = error.name === 'TimeoutError' ? `does not answer within ${TIMEOUT_MS / 1_000} s` : `cannot be reached (${error.cause?.code ?? error.cause?.message ?? error.name})`
      throw new SourceError(`${base.origin} ${why}: is the process running, and is this its port?`)
    }
    if (response.ok) return response
    await response.body?.cancel()
    if (response.status === 401 || response.status === 403) {
      throw new SourceError(`${base.href} requires a token (${response.status}): ${token === undefined ? 'set it with --token-env NAME' : 'the given token is wrong'}`)
    }
    throw new SourceError(`${url.href} answers ${response.status}: use the address of a dashboard, such as http://127.0.0.1:8787/dashboard`)
  }

  /** @param {Response} response */
  async function text (response) {
    const decoder = new TextDecoder()
    let [all, size] = ['', 0]
    try {
      for await (const bytes of response.body ?? []) {
        size += bytes.length
        if (size > MAX_BYTES) throw new SourceError(`${base.href} answers more than ${MAX_BYTES >> 20} MiB: this is not a dashboard`)
        all += decoder.decode(bytes, { stream: true })
      }
    } catch (/** @type {any} */ error) {
      if (error instanceof SourceError) throw error
      throw new SourceError(`${base.href} broke off its response (${error.cause?.code ?? error.name})`)
    }
    return all
  }

  /** @returns {Promise<import('../../..').DashboardData>} */
  async function data () {
    const url = new URL('data.json', base)
    const body = await text(await get(url, AbortSignal.timeout(TIMEOUT_MS)))
    try {
      const found = JSON.parse(body)
      if (Array.isArray(found.endpoints) && typeof found.health?.overallStatus === 'string' && typeof found.calls?.ok === 'number') return found
    } catch {
      // Reported below.
    }
    throw new SourceError(`${url.href} is not the data of a dashboard of this version: use the address of a dashboard, such as http://127.0.0.1:8787/dashboard`)
  }

  /**
   * Follows events until the signal fires. It reconnects by itself and continues after the last event.
   * @param {(name: string, payload: any) => void} onEvent @param {(live: boolean) => void} onLive @param {AbortSignal} signal
   */
  async function follow (onEvent, onLive, signal) {
    let lastId = ''
    while (!signal.aborted) {
      try {
        const page = await text(await get(base, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])))
        const eventsPath = /<meta name="bellwether-events" content="([^"]*)"/.exec(page)?.[1] ?? 'events'
        const events = new URL(eventsPath.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&'), base)
        // The token is never sent to another origin that a page names.
        if (events.origin !== base.origin) throw new SourceError(`${base.href} names another origin for its events`)
        const response = await get(events, signal, lastId === '' ? {} : { 'last-event-id': lastId })
        onLive(true)
        let left = ''
        const decoder = new TextDecoder()
        for await (const bytes of response.body ?? []) {
          const blocks = (left + decoder.decode(bytes, { stream: true })).split('\n\n')
          left = /** @type {string} */ (blocks.pop())
          if (left.length > MAX_BYTES) break
          for (const block of blocks) {
            const event = parseEvent(block)
            if (event === undefined) continue
            lastId = event.id
            onEvent(event.name, event.payload)
          }
        }
      } catch {
        // `data()` reports the reason.
      }
      if (signal.aborted) return
      onLive(false)
      await delay(RETRY_MS, signal)
    }
  }

  return { data, follow, href: base.href.slice(0, -1) }
}

/** @param {string} block */
function parseEvent (block) {
  const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
  if (fields.event === undefined || fields.data === undefined) return undefined
  try {
    return { id: fields.id ?? '', name: fields.event, payload: JSON.parse(fields.data) }
  } catch {
    return undefined
  }
}

/** @param {number} ms @param {AbortSignal} signal */
function delay (ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(undefined)
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

module.exports = { createSource, SourceError, delay }
