'use strict'

// A pair is both sides, one right after the other, each in a fresh process. The first side alternates, so that a
// machine that slows down or speeds up affects both.

const { runSide } = require('./child')

async function runPairs (scenario, sides, count, onPair) {
  const pairs = []
  for (let i = 0; i < count; i++) {
    const order = i % 2 === 0 ? ['a', 'b'] : ['b', 'a']
    const pair = {}
    for (const side of order) {
      if (sides[side]) pair[side] = await runSide(sides[side].job)
    }
    pairs.push(pair)
    onPair(pair, i)
  }
  return pairs
}

module.exports = { runPairs }
