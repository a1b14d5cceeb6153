'use strict'

// `npm run soak`: prepares the checkout, then runs clients under constant faults and checks for leaks.

const { parse } = require('./options')
const { setup } = require('../setup')

// Options are checked before the build, which takes minutes.
const options = parse(process.argv.slice(2))
setup()
require('./run').run(options).then((code) => { process.exitCode = code })
