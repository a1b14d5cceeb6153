'use strict'

/** @type {import('./bellwether').Commands} */
const COMMANDS = {
  bench: () => require('./commands/bench'),
  'check-config': () => require('./commands/check-config'),
  completion: () => require('./commands/completion'),
  costs: () => require('./commands/costs'),
  doctor: () => require('./commands/doctor'),
  drill: () => require('./commands/drill'),
  probe: () => require('./commands/probe'),
  queue: () => require('./commands/queue'),
  report: () => require('./commands/report'),
  serve: () => require('./commands/serve'),
  top: () => require('./commands/top')
}

module.exports = { COMMANDS }
