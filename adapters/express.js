'use strict'

// `bellwether/express`: the client as middleware, for Express and Connect.

const { failover, attachEvents } = require('./node')

module.exports = { failover, attachEvents }
