'use strict'

// Which folder may import from which: only from rows below its own. Folders of one row do not import each other.

/** @type {import('./graph').Row[]} The topmost first. */
const JAVASCRIPT = [
  { folders: ['tools/demo', 'tools/replay', 'tools/soak', 'tools/crash', 'tools/matrix', 'tools/generate', 'tools/check-imports'], why: 'one command each' },
  { folders: ['tools', 'benchmark'], why: 'commands in one file, and the setup that every command begins with; the product never imports them' },
  { folders: ['tools/lib'], why: 'what the commands of this repository share' },
  { folders: ['bin'], why: 'the entry of the command line and its table of commands' },
  { folders: ['bin/commands'], why: 'one command each' },
  { folders: ['bin/lib'], why: 'what the commands of the command line share' },
  { folders: ['adapters'], why: 'fits the client into frameworks and other packages' },
  { folders: ['index.js'], why: 'the public face' },
  { folders: ['lib/client', 'lib/http'], why: 'the client, and what is served over HTTP for any client it is given' },
  { folders: ['lib/drill', 'lib/gateway'], why: 'uses of calls: rehearsals, and calls in the vendors\' own protocols' },
  { folders: ['lib/call', 'lib/monitor'], why: 'one call from start to end; health, incidents and alerts beside calls' },
  { folders: ['lib/config'], why: 'options and files to what the core is given' },
  { folders: ['lib/native', 'lib/telemetry'], why: 'the only door to Rust; logs, traces and metrics' },
  { folders: ['lib/util', 'testing', 'dashboard', 'native.cjs'], why: 'import nothing: shared helpers, the fault server, the page, the generated loader' }
]

module.exports = { JAVASCRIPT }
