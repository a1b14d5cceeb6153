'use strict'

/**
 * Returns the known name that was probably meant; undefined if none is close.
 * @param {string} given
 * @param {string[]} known
 */
function nearestName (given, known) {
  const most = Math.max(given.length > 3 ? 2 : 1, Math.floor(given.length / 3))
  const [best] = known.map((name) => ({ name, distance: distance(given.slice(0, 60), name) })).sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= most ? best.name : undefined
}

/** The edit distance of two texts. @param {string} a @param {string} b */
function distance (a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}

module.exports = { nearestName }
