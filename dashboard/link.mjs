// The connection: data.json at a calm pace while somebody looks, events as they come, and what is known of its loss.

const EVERY = 2_000
const PATIENCE = 10_000
const AGAIN = 3_000
/** What makes another look at data.json worth while before it is due. */
const STIRRING = ['breaker', 'cooldown', 'incident', 'alert', 'budget', 'queue']
const EVENTS = ['attempt', 'failover', 'rateLimit', 'config', 'healthCheck', 'authError', 'forward', ...STIRRING]

/**
 * @param {string} address Of the events.
 * @param {{ data: (data: any) => void, event: (name: string, payload: any) => void, link: (state: 'live' | 'lost', why?: string) => void }} tell
 */
export function connect (address, tell) {
  let timer
  let asking = false
  let source
  let lastId = ''
  let last = 0
  const well = { data: false, events: false }

  const say = (part, state, why) => {
    well[part] = state
    if (!state) tell.link('lost', why)
    else if (well.data && well.events) tell.link('live')
  }

  async function ask () {
    clearTimeout(timer)
    if (document.hidden || asking) return
    asking = true
    try {
      const response = await fetch('data.json', { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' })
      if (!response.ok) throw new Error(response.status === 401 ? 'not authorized' : `HTTP ${response.status}`)
      const data = await response.json()
      last = Date.now()
      tell.data(data)
      say('data', true)
    } catch (error) {
      say('data', false, error.message === 'not authorized' ? 'not authorized' : undefined)
    }
    asking = false
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(ask, EVERY)
  }

  /** Not at once: what stirs stirs again. */
  function soon () {
    if (asking || document.hidden) return
    clearTimeout(timer)
    timer = setTimeout(ask, Math.max(100, 500 - (Date.now() - last)))
  }

  function listen () {
    const url = new URL(address, document.baseURI)
    if (lastId !== '') url.searchParams.set('lastEventId', lastId)
    source = new EventSource(url)
    source.onopen = () => say('events', true)
    source.onerror = () => {
      say('events', false)
      // A browser comes back by itself from a lost connection, but not from a refusal.
      if (source.readyState !== EventSource.CLOSED) return
      setTimeout(listen, AGAIN)
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
        tell.event(name, payload)
        if (STIRRING.includes(name)) soon()
      })
    }
  }

  document.addEventListener('visibilitychange', ask)
  listen()
  ask()
}
