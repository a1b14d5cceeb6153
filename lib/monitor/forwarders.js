'use strict'

// Forwarders for `monitor.on('alert', …)`: functions whose alerts Rust groups, repeats and sends.

const hub = require('../native/bridge')
const native = require('../native/addon')
const { EVENTS } = require('../util/emitter')
const { environment, made } = require('../config/options')
const { plain, isObject, what } = require('../util/serialize-options')
const { closed, ofProblems } = require('../util/errors')

/**
 * @param {string} service
 * @param {unknown} options
 * @returns {import('../..').AlertForwarder}
 */
function forwarder (service, options) {
  /** Who handed over the last alert: told what becomes of it. @type {WeakRef<import('node:events').EventEmitter> | undefined} */
  let source
  const listener = {
    deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => tell(source?.deref(), EVENTS[kind], JSON.parse(payload)),
    ask: async () => undefined,
    native: /** @type {any} */ (undefined)
  }
  const json = JSON.stringify({ options: plain(options, { isSecret: () => true, ofBuffer }), environment: environment() })
  const own = made(() => native.NativeForwarder.create(hub.getHub(), hub.register(listener), service, json))
  let isClosed = false

  /** @this {unknown} @param {unknown} alert */
  function forward (alert) {
    if (this instanceof require('node:events').EventEmitter) source = new WeakRef(this)
    if (!isClosed) own.send(textOf(alert))
  }
  /** @type {Promise<void> | undefined} */
  let closing
  const close = () => {
    isClosed = true
    closing ??= hub.ask((slot) => own.close(slot), () => undefined, closed)
    return closing
  }
  // The hub holds its listener weakly: it lives as long as this function.
  listener.native = own
  held.set(forward, listener)
  return Object.assign(forward, { close, [Symbol.asyncDispose]: close })
}

/** @param {any} emitter @param {string} name @param {object} payload */
function tell (emitter, name, payload) {
  // Ours call each listener by itself; any other's listeners must not throw into the hub either.
  if (typeof emitter?.deliver === 'function') emitter.deliver(name, payload)
  else emitter?.emit(name, payload)
}

/** @param {unknown} alert */
function textOf (alert) {
  try {
    // Half a character is none that Rust could read.
    return JSON.stringify(plain(alert), (_, value) => typeof value === 'string' ? Buffer.from(value).toString() : value) ?? ''
  } catch {
    return ''
  }
}

/** @param {Buffer} value @param {string} path */
function ofBuffer (value, path) {
  return /^tls\.ca(?:\[\d+\])?$/.test(path) ? value.toString('utf8') : undefined
}

/**
 * `(url, options)` as one object.
 * @param {unknown} url
 * @param {any} options
 * @param {string} name
 */
function withFirst (url, options, name) {
  if (options !== undefined && !isObject(options)) {
    throw ofProblems([{ path: 'options', message: `must be a plain object, got ${what(options)}` }])
  }
  if (options?.[name] !== undefined) {
    throw ofProblems([{ path: `options.${name}`, message: 'must be left out: it is the first argument' }])
  }
  return { ...options, [name]: url }
}

/** @type {WeakMap<object, object>} */
const held = new WeakMap()

module.exports = {
  /** @param {any} url @param {any} [options] */
  slackForwarder: (url, options) => forwarder('slack', withFirst(url, options, 'url')),
  /** @param {any} url @param {any} [options] */
  discordForwarder: (url, options) => forwarder('discord', withFirst(url, options, 'url')),
  /** @param {any} routingKey @param {any} [options] */
  pagerDutyForwarder: (routingKey, options) => forwarder('pagerduty', withFirst(routingKey, options, 'routingKey')),
  /** @param {any} url @param {any} [options] */
  webhookForwarder: (url, options) => forwarder('webhook', withFirst(url, options, 'url'))
}
