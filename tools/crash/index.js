'use strict'

// `npm run crash`: prepares the checkout, then kills a process with a queue repeatedly and checks its file.

const { parse } = require('./options')
const { setup } = require('../setup')

// Options are checked before the build, which takes minutes.
const options = parse(process.argv.slice(2))
setup()
require('./run').run(options).then((code) => { process.exitCode = code })
