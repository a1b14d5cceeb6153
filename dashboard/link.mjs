// Connects the page to its process: polls data.json while the page is visible, receives events, and reports the state
// of the connection.

const POLL_MS = 2_000
const TIMEOUT_MS = 10_000
const RECONNECT_MS = 3_000
/** Events after which data.json is fetched before it is due. */
const REFRESHING_EVENTS = ['breaker', 'cooldown', 'incident', 'alert', 'budget', 'queue']
const EVENTS = ['attempt', 'failover', 'rateLimit', 'config', 'healthCheck', 'authError', 'forward', ...REFRESHING_EVENTS]

/**
 * @param {string} address The address of the events.
 * @param {{ data: (data: any) => void, event: (name: string, payload: any) => void, link: (state: 'live' | 'lost', why?: string) => void }} handlers
 */
export function connect (address, handlers) {
  let timer
  let asking = false
  let source
  let lastId = ''
  let last = 0
  const isUp = { data: false, events: false }

  const report = (part, state, why) => {
    isUp[part] = state
    if (!state) handlers.link('lost', why)
    else if (isUp.data && isUp.events) handlers.link('live')
  }

  async function fetchData () {
    clearTimeout(timer)
    if (document.hidden || asking) return
    asking = true
    try {
      const response = await fetch('data.json', { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' })
      if (!response.ok) throw new Error(response.status === 401 ? 'not authorized' : `HTTP ${response.status}`)
      const data = await response.json()
      last = Date.now()
      handlers.data(data)
      report('data', true)
    } catch (error) {
      report('data', false, error.message === 'not authorized' ? 'not authorized' : undefined)
    }
    asking = false
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(fetchData, POLL_MS)
  }

  /** Waits briefly, because such events come in groups. */
  function fetchSoon () {
    if (asking || document.hidden) return
    clearTimeout(timer)
    timer = setTimeout(fetchData, Math.max(100, 500 - (Date.now() - last)))
  }

  function listen () {
    const url = new URL(address, document.baseURI)
    if (lastId !== '') url.searchParams.set('lastEventId', lastId)
    source = new EventSource(url)
    source.onopen = () => report('events', true)
    source.onerror = () => {
      report('events', false)
      // A browser reconnects by itself after a lost connection, but not after a refusal.
      if (source.readyState !== EventSource.CLOSED) return
      setTimeout(listen, RECONNECT_MS)
    }
    for (const name of EVENTS) {
      source.addEventListener(name, ({ data, lastEventId }) => {
        lastId = lastEventId
        let payload
        try {
          payload = JSON.parse(data)
        } catch {
          return
        }
        handlers.event(name, payload)
        if (REFRESHING_EVENTS.includes(name)) fetchSoon()
      })
    }
  }

  document.addEventListener('visibilitychange', fetchData)
  listen()
  fetchData()
}
