'use strict'

/** @typedef {import('./index').Hit} Hit */

const EMPTY = Buffer.alloc(0)

/** @param {InstanceType<typeof import('./peer').Peer>} peer @param {'1.0' | '1.1' | '2.0'} httpVersion @returns {Hit} */
function newHit(peer, httpVersion) {
  return {
    n: 0, at: Date.now(), method: '', path: '', route: '', headers: {}, body: undefined, rawBody: EMPTY, model: undefined, stream: false,
    connection: peer.id, requestOnConnection: 0, httpVersion, fault: '', outcome: 'pending', status: undefined, durationMs: undefined,
  }
}

/** @param {Buffer} body */
function parsed(body) {
  if (body.length === 0) return undefined
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

module.exports = { newHit, parsed }
