'use strict'

// Holds objects that must exist once in a realm, even if a test runner clears the module registry (Jest's
// resetModules): a module that is loaded later must find the bridge that receives its client's results, and the error
// classes that `instanceof` checks. A copy of the package in another folder has its own.

/**
 * @template T
 * @param {string} name
 * @param {() => T} make
 * @returns {T}
 */
function processSingleton (name, make) {
  const key = Symbol.for(`bellwether ${name} of ${__dirname}`)
  const realm = /** @type {Record<symbol, T>} */ (/** @type {unknown} */ (globalThis))
  if (!(key in realm)) Object.defineProperty(realm, key, { value: make() })
  return realm[key]
}

module.exports = { processSingleton }
