'use strict'

/**
 * Returns the id of the last event that a reconnecting listener received; undefined without one, NaN if it is not an
 * id.
 * @param {Headers} headers @param {URL} url
 */
function lastEventId (headers, url) {
  const given = headers.get('last-event-id') ?? url.searchParams.get('lastEventId')
  if (given === null || given === '') return undefined
  return /^\d{1,16}$/.test(given) ? Number(given) : NaN
}

module.exports = { lastEventId }
