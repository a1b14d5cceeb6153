'use strict'

// `npm run matrix`: prepares the checkout, then tests every SDK in every situation.

const { parse } = require('./options')
const { setup } = require('../setup')

// Options are checked before the build, which takes minutes.
const options = parse(process.argv.slice(2))
setup()
require('./run-all').runAll(options).then((code) => { process.exitCode = code })
