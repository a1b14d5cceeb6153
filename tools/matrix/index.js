'use strict'

// `npm run matrix`: sets up, then every SDK in every situation.

const { parse } = require('./options')
const { setup } = require('../setup')

// Misuse is told before minutes are spent on a build.
const options = parse(process.argv.slice(2))
setup()
require('./run-all').runAll(options).then((code) => { process.exitCode = code })
