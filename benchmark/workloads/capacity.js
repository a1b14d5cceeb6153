'use strict'

// What the mock server can answer: bare sockets that write the same bytes again as soon as an answer is complete.

const net = require('node:net')
const tls = require('node:tls')
const exchange = require('../lib/exchange')
const cpuClock = require('../lib/cpu-clock')

module.exports = async function ({ target, connections, durationMs, mockPid }) {
  const { hostname, host, port } = new URL(target.origin)
  const body = JSON.stringify(exchange.request())
  const bytes = Buffer.from([`POST ${target.prefix}/chat/completions HTTP/1.1`, `host: ${host}`, 'accept: application/json',
    'content-type: application/json', `authorization: Bearer ${target.apiKey}`, `content-length: ${body.length}`, '', body].join('\r\n'))

  let answers = 0
  const sockets = await Promise.all(Array.from({ length: connections }, open))
  for (const socket of sockets) socket.write(bytes)
  await sleep(durationMs / 4)

  answers = 0
  const mockBefore = cpuClock.ofProcess(mockPid)
  const start = performance.now()
  await sleep(durationMs)
  const elapsedMs = performance.now() - start
  const mockNs = cpuClock.ofProcess(mockPid) - mockBefore
  const result = { requestsPerSecond: answers / elapsedMs * 1e3, mockBusy: mockNs / 1e6 / elapsedMs, mockMicrosPerRequest: mockNs / answers / 1e3 }
  for (const socket of sockets) socket.destroy()
  return result

  function open () {
    return new Promise((resolve, reject) => {
      const options = { host: hostname, port, noDelay: true, ca: target.ca }
      const socket = (target.ca ? tls : net).connect(options, () => resolve(socket))
      let expected = 0
      let received = 0
      socket.once('error', reject)
      socket.on('data', (chunk) => {
        expected ||= answerLength(chunk)
        received += chunk.length
        if (received < expected) return
        received = 0
        answers++
        socket.write(bytes)
      })
    })
  }
}

/** Every answer is the same, so the first one gives the length of all. */
function answerLength (chunk) {
  const head = chunk.indexOf('\r\n\r\n')
  return head + 4 + Number(/content-length: (\d+)/.exec(chunk.latin1Slice(0, head))[1])
}

function sleep (ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
