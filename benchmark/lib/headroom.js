'use strict'

// Was the mock server the limit? A client that uses most of it has been measured against it, not against its peer.

const { whole } = require('./format')

const CROWDED = 0.7

/** The mock's own capacity beside the fastest calls per second anyone reached; null without a capacity result. */
function headroom (results) {
  const capacity = results.find(({ name }) => name === 'capacity')?.pairs[0]
  if (capacity === undefined) return null
  const capacityPerSecond = capacity.a.requestsPerSecond
  const fastest = results
    .filter(({ name }) => name !== 'capacity')
    .flatMap(({ pairs }) => pairs.flatMap((pair) => Object.values(pair)))
    .reduce((best, side) => side.callsPerSecond > best.callsPerSecond ? side : best, { callsPerSecond: 0, mockBusy: 0 })
  return {
    capacityPerSecond,
    tlsCapacityPerSecond: capacity.b.requestsPerSecond,
    fastestPerSecond: fastest.callsPerSecond,
    used: fastest.callsPerSecond / capacityPerSecond,
    mockBusyThen: fastest.mockBusy
  }
}

function describeHeadroom ({ capacityPerSecond, tlsCapacityPerSecond, fastestPerSecond, used, mockBusyThen }) {
  const mock = `mock at ${whole(capacityPerSecond)} req/s (TLS ${whole(tlsCapacityPerSecond)})`
  if (fastestPerSecond === 0) return mock
  const line = `${mock}, fastest client used ${whole(used * 100)} % (the mock was busy ${whole(mockBusyThen * 100)} % of that time)`
  return used < CROWDED && mockBusyThen < CROWDED ? line : `${line}: calls per second are bounded by the mock here`
}

module.exports = { headroom, describeHeadroom }
