'use strict'

const { parse } = require('./options')
const { setup } = require('../setup')

// Misuse is told before minutes are spent on a build.
const options = parse(process.argv.slice(2))
setup()
require('./run').run(options).then((code) => { process.exitCode = code })
