'use strict'

// Shows and changes the jobs in a queue's file, without a client and without deliveries.

const configFiles = require('../../lib/config/config-file')
const native = require('../../lib/native/addon')
const { formatProblem } = require('../../lib/util/errors')
const list = require('./queue/list')
const show = require('./queue/show')
const retry = require('./queue/retry')
const purge = require('./queue/purge')

const MISUSE = 2

/**
 * @typedef {object} Task
 * @property {string[]} options Beside --config, --path and --json.
 * @property {(ids: string[], values: Record<string, any>) => string | undefined} refuse Returns what is wrong with the command line.
 * @property {(file: import('../../native').QueueFile, ids: string[], values: Record<string, any>, out: import('../lib/output').Out) => number} run Returns the exit code.
 */

/** @type {Record<string, Task>} */
const TASKS = { list, show, retry, purge }
const COMMON = ['config', 'path', 'json', 'help']

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether queue list|show|retry|purge [id ...] [options]',
  summary: 'Shows what is in a queue\'s file, puts dead letters back, and throws jobs away.',
  help: `  list          the jobs, the oldest first
  show <id>     one job, with what was asked
  retry <id>... puts failed, dead and expired jobs back, as if they had never been delivered
  purge <id>... throws jobs away

Which file:
  --path FILE     the queue's own file
  --config FILE   a configuration file, of which only queue is read: no vendor's key is needed. Default: BELLWETHER_CONFIG,
                  else ${configFiles.DEFAULT_NAMES.join(', ')} in the working directory

list:
  --state STATE   only those: ${list.STATES.join(', ')}
  --limit N       at most so many, 1 to 1000. Default 100
  --after ID      what comes after a job: the next page
retry:
  --dead          all dead letters, instead of ids
purge:
  --state STATE   all of a state, instead of ids: ${purge.STATES.join(', ')}
  --older-than T  only what ended, or came in, so long ago: 30m, 12h, 7d. Without --state: of all that is over

  --json          the same as JSON
  -h, --help      this

Examples:
  bellwether queue list --path /var/lib/app/queue.db
  bellwether queue list --state dead --config bellwether.yaml
  bellwether queue show q1a2b3c4d-7 --json | jq .request.messages
  bellwether queue retry --dead
  bellwether queue purge --state delivered --older-than 7d

list and show read a copy, also while a client has the file. retry and purge need it for themselves: while a client has it
they say who, and change nothing; ask that client instead (client.queue.retry, client.queue.purge), or close it. What is put back is
delivered by the next client that opens the file. Only with --config is a new ttl given to what is put back, and only with its
encryptionKey are sealed requests shown.

Exit code: 0 fine, 1 a job was not there, or was not to be put back, 2 misuse, or there is no file that can be used.`,
  options: {
    config: { type: 'string' },
    path: { type: 'string' },
    json: { type: 'boolean' },
    state: { type: 'string' },
    limit: { type: 'string' },
    after: { type: 'string' },
    dead: { type: 'boolean' },
    'older-than': { type: 'string' }
  },
  positionals: 1 + 1000,
  run
}

/** @type {import('../bellwether').Command['run']} */
function run ({ values, positionals: [name, ...ids] }, out) {
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether queue: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  const known = Object.keys(TASKS).join(', ')
  if (name === undefined) return failWithUsage(`say what to do: ${known}`)
  if (!Object.hasOwn(TASKS, name)) return failWithUsage(`there is no '${name}'; there are ${known}`)
  const task = TASKS[name]
  const foreign = Object.keys(values).find((option) => !COMMON.includes(option) && !task.options.includes(option))
  if (foreign !== undefined) return failWithUsage(`${name} has no --${foreign}`)
  if (values.path !== undefined && values.config !== undefined) return failWithUsage('--path and --config exclude each other')
  const why = task.refuse(ids, values)
  if (why !== undefined) return failWithUsage(why)
  try {
    return task.run(openQueueFile(values), ids, values, out)
  } catch (/** @type {any} */ error) {
    for (const line of errorLines(error)) out.printError(`bellwether queue: ${line}`)
    return nativeErrorOf(error)?.unknown ? 1 : MISUSE
  }
}

/** @param {Record<string, any>} values */
function openQueueFile ({ path, config }) {
  if (path !== undefined) return new native.QueueFile(JSON.stringify({ path }))
  const { file, variables, bytes } = configFiles.readConfigFileSync(configFiles.configFileName(config))
  return new native.QueueFile(JSON.stringify({ file, variables }), bytes)
}

/** Parses the error that Rust reports as JSON: `{message}`, or a list of problems. @param {any} error */
function nativeErrorOf (error) {
  try {
    return JSON.parse(error.message)
  } catch {
    return undefined
  }
}

/** @param {any} error @returns {string[]} */
function errorLines (error) {
  const problems = error.problems ?? nativeErrorOf(error)
  if (!Array.isArray(problems)) return [problems?.message ?? error.message]
  return problems.map(formatProblem)
}

module.exports = command
