'use strict'

// Implements a relay with Google's bodies at an address of its own, and OpenAI's keys, lists and errors.

const google = require('./google')
const openai = require('./openai')
const { decoded, parameter } = require('./reply')

/** @typedef {import('./index').Dialect} Dialect */

const CALL = /^\/models\/(.+)\/generate$/

/** @type {Dialect['asked']} */
const asked = ({ route, path }) => {
  const model = CALL.exec(route)?.[1]
  return { model: model === undefined ? undefined : decoded(model), stream: model !== undefined && parameter(path, 'alt') === 'sse' }
}

/** @type {Dialect} */
module.exports = {
  ...google,
  name: 'relay',
  bases: openai.bases,
  isCall: (route) => CALL.test(route),
  isArray: () => false,
  asked,
  key: openai.key,
  validate: (hit) => {
    const mistake = google.validate(hit)
    return mistake && { ...mistake, kind: 'badRequest' }
  },
  lineEnding: undefined,
  hint: undefined,
  model: openai.model,
  modelList: openai.modelList,
  error: openai.error,
  errorKinds: openai.errorKinds,
  headers: (identity, n) => ({ 'x-request-id': `req_${identity.name}_${n}` }),
}
