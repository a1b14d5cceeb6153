'use strict'

// A local server that speaks a vendor's protocol and fails on demand. Plain Node, no dependencies.

const { FaultServer } = require('./server')
const faults = require('./faults')

/** @param {import('./index').FaultServerOptions} [options] */
function createFaultServer(options = {}) {
  return new FaultServer(options)
}

module.exports = { createFaultServer, faults }
