'use strict'

// How things stand, and what happens. Texts are set as texts: nothing that comes from vendors is markup.

const { content } = document.querySelector('meta[name=bellwether-events]')
const LINES = 50
const lines = []

function show ({ endpoints }) {
  const rows = endpoints.map(({ name, status, totalRequests, latencyMs }) => {
    const row = document.createElement('tr')
    for (const value of [name, status, totalRequests, Math.round(latencyMs.p95)]) row.insertCell().textContent = value
    return row
  })
  document.getElementById('endpoints').replaceChildren(...rows)
}

async function refresh () {
  const response = await fetch('data.json')
  if (response.ok) show(await response.json())
}

const source = new EventSource(content)
const say = (text) => { document.getElementById('state').textContent = text }
source.onopen = () => say('live')
source.onerror = () => say('not connected')
source.addEventListener('snapshot', ({ data }) => show(JSON.parse(data)))
for (const name of ['failover', 'breaker', 'cooldown', 'incident', 'alert']) {
  source.addEventListener(name, ({ data }) => {
    lines.unshift(`${name} ${data}`)
    lines.length = Math.min(lines.length, LINES)
    document.getElementById('events').textContent = lines.join('\n')
  })
}
setInterval(() => { refresh().catch(() => say('not connected')) }, 5_000)
