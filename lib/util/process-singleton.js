'use strict'

// What there is one of in a realm, however often a test runner empties the module registry, as Jest's resetModules does:
// a module that is loaded when first needed must find the hub where its client's answers arrive, and the classes that
// the user's `instanceof` knows. Another copy of the package, in another folder, has its own.

/**
 * @template T
 * @param {string} name
 * @param {() => T} make
 * @returns {T}
 */
function once (name, make) {
  const key = Symbol.for(`bellwether ${name} of ${__dirname}`)
  const realm = /** @type {Record<symbol, T>} */ (/** @type {unknown} */ (globalThis))
  if (!(key in realm)) Object.defineProperty(realm, key, { value: make() })
  return realm[key]
}

module.exports = { once }
