'use strict'

// Creates forwarders for `monitor.on('alert', …)`: functions whose alerts Rust groups, repeats and sends.

const bridge = require('../native/bridge')
const native = require('../native/addon')
const { EVENTS } = require('../util/emitter')
const { readEnvironment } = require('../config/environment')
const { withConfigErrors } = require('../config/options')
const { toPlainData, isPlainObject, describe } = require('../util/serialize-options')
const { clientClosedError, configError } = require('../util/errors')

/**
 * @param {string} service
 * @param {unknown} options
 * @returns {import('../..').AlertForwarder}
 */
function createForwarder (service, options) {
  /**
   * The emitter of the latest alert: `forward` events are emitted on it. @type
   * {WeakRef<import('node:events').EventEmitter> | undefined}
   */
  let source
  const listener = {
    deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => emitTo(source?.deref(), EVENTS[kind], JSON.parse(payload)),
    invoke: async () => undefined,
    native: /** @type {any} */ (undefined)
  }
  const json = JSON.stringify({ options: toPlainData(options, { isSecret: () => true, ofBuffer: certificateText }), environment: readEnvironment() })
  const nativeForwarder = withConfigErrors(() => native.NativeForwarder.create(bridge.getHub(), bridge.registerListener(listener), service, json))
  let isClosed = false

  /** @this {unknown} @param {unknown} alert */
  function forward (alert) {
    if (this instanceof require('node:events').EventEmitter) source = new WeakRef(this)
    if (!isClosed) nativeForwarder.send(serializeAlert(alert))
  }
  /** @type {Promise<void> | undefined} */
  let closing
  const close = () => {
    isClosed = true
    closing ??= bridge.startOperation((slot) => nativeForwarder.close(slot), () => undefined, clientClosedError)
    return closing
  }
  // The bridge holds the listener weakly: it lives as long as this function.
  listener.native = nativeForwarder
  listeners.set(forward, listener)
  return Object.assign(forward, { close, [Symbol.asyncDispose]: close })
}

/** @param {any} emitter @param {string} name @param {object} payload */
function emitTo (emitter, name, payload) {
  // Our emitters isolate listeners from each other; an error of any other emitter's listener must not reach the bridge.
  if (typeof emitter?.deliver === 'function') emitter.deliver(name, payload)
  else emitter?.emit(name, payload)
}

/** @param {unknown} alert */
function serializeAlert (alert) {
  try {
    // Rust cannot read a lone surrogate.
    return JSON.stringify(toPlainData(alert), (_, value) => typeof value === 'string' ? Buffer.from(value).toString() : value) ?? ''
  } catch {
    return ''
  }
}

/** @param {Buffer} value @param {string} path */
function certificateText (value, path) {
  return /^tls\.ca(?:\[\d+\])?$/.test(path) ? value.toString('utf8') : undefined
}

/**
 * Merges `(url, options)` into one object.
 * @param {unknown} url
 * @param {any} options
 * @param {string} name
 */
function withFirstArgument (url, options, name) {
  if (options !== undefined && !isPlainObject(options)) {
    throw configError([{ path: 'options', message: `must be a plain object, got ${describe(options)}` }])
  }
  if (options?.[name] !== undefined) {
    throw configError([{ path: `options.${name}`, message: 'must be left out: it is the first argument' }])
  }
  return { ...options, [name]: url }
}

/** @type {WeakMap<object, object>} */
const listeners = new WeakMap()

module.exports = {
  /** @param {any} url @param {any} [options] */
  slackForwarder: (url, options) => createForwarder('slack', withFirstArgument(url, options, 'url')),
  /** @param {any} url @param {any} [options] */
  discordForwarder: (url, options) => createForwarder('discord', withFirstArgument(url, options, 'url')),
  /** @param {any} routingKey @param {any} [options] */
  pagerDutyForwarder: (routingKey, options) => createForwarder('pagerduty', withFirstArgument(routingKey, options, 'routingKey')),
  /** @param {any} url @param {any} [options] */
  webhookForwarder: (url, options) => createForwarder('webhook', withFirstArgument(url, options, 'url'))
}
