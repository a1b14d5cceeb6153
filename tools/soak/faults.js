'use strict'

// The vendors' behaviour: healthy most of the time, with all kinds of faults. It excludes faults that put a key or a
// model into cooldown for minutes, because the clients here do not live that long.

const { faults } = require('../../testing')

const WHOLE = [
  faults.serverError(), faults.unavailable({ retryAfter: 30, as: 'ms' }), faults.overloaded({ retryAfter: 30, as: 'ms' }),
  faults.rateLimited({ retryAfter: 30, as: 'ms' }), faults.gatewayTimeout(), faults.requestTimeout(), faults.conflict(),
  faults.badRequest(), faults.contextLength(), faults.tooLargeForLimit(), faults.htmlPage(502), faults.redirect(307, 'http://127.0.0.1:1/'),
  faults.reset(), faults.reset({ at: 'body' }), faults.close(), faults.hang(), faults.closeAfter(),
  faults.slowHeaders(40), faults.slowHeaders('9s'), faults.slowFirstContent(40), faults.slowFirstContent('9s'), faults.pace(5), faults.keepAlive(20),
  faults.cut(), faults.cut({ how: 'eof' }), faults.cut({ how: 'reset' }), faults.stall(), faults.stall({ for: 50 }),
  faults.malformedEvents(1), faults.malformedEvents(3), faults.errorEvent('overloaded', { after: 'headers' }), faults.errorEvent('serverError', { after: 2 }),
  faults.missingDone(), faults.missingFinish(), faults.roleOnly(), faults.hugeEvent(300_000), faults.emptyChunks(50),
  faults.malformedJson(), faults.truncatedJson(), faults.emptyBody(), faults.gzip(), faults.brotli(), faults.deflate(), faults.gzip({ corrupt: true }),
  faults.splitRandomly(7), faults.hugeHeader(30_000), faults.informational(),
  faults.healthy({ content: 'word '.repeat(2000), chunks: 2000 }), faults.toolCalls({ name: 'look', arguments: { up: 'this' } })
]
const HTTP1 = [
  faults.reset({ at: 'accept' }), faults.reset({ at: 'request' }), faults.close({ at: 'accept' }), faults.hang({ at: 'request' }), faults.halfOpen(), faults.raw('nonsense\r\n\r\n'),
  faults.framing('close'), faults.framing('chunked'), faults.contentLengthOff(10), faults.contentLengthOff(-10)
]
const HTTP2 = [faults.rstStream(), faults.rstStream(7), faults.rstStream(8), faults.goAway(), faults.goAway({ code: 2, processed: true }), faults.reset({ scope: 'connection' })]

/** One request in this many fails. */
const ONE_IN = 3
const MIX = 997

/** @param {boolean | object} h2 @param {() => number} random */
function mix (h2, random) {
  const bad = [...WHOLE, ...(h2 ? HTTP2 : HTTP1)]
  const steps = Array.from({ length: MIX }, () => (random() * ONE_IN < 1 ? bad[Math.floor(random() * bad.length)] : faults.healthy()))
  return faults.forever(...steps)
}

module.exports = { mix }
