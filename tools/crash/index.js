'use strict'

// `npm run crash`: sets up, then kills a process with a queue, again and again.

const { parse } = require('./options')
const { setup } = require('../setup')

// Misuse is told before minutes are spent on a build.
const options = parse(process.argv.slice(2))
setup()
require('./run').run(options).then((code) => { process.exitCode = code })
