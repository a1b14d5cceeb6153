'use strict'

const { parse } = require('./options')
const { setup } = require('../setup')

// Options are checked before the build, which takes minutes.
const options = parse(process.argv.slice(2))
setup()
require('./run').run(options).then((code) => { process.exitCode = code })
