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
  summary: 'Shows the jobs in a queue\'s file, queues dead letters again, and deletes jobs.',
  help: `  list          the jobs, the oldest first
  show <id>     one job, with its request
  retry <id>... queues failed, dead and expired jobs again, as if they had never been delivered
  purge <id>... deletes jobs

Which file:
  --path FILE     the queue's own file
  --config FILE   a configuration file, of which only queue is read: no key is needed. Default: BELLWETHER_CONFIG,
                  else ${configFiles.DEFAULT_NAMES.join(', ')} in the working directory

list:
  --state STATE   only those: ${list.STATES.join(', ')}
  --limit N       the number of jobs, 1 to 1000. Default 100
  --after ID      jobs after this one: the next page
retry:
  --dead          all dead letters, instead of ids
purge:
  --state STATE   all of a state, instead of ids: ${purge.STATES.join(', ')}
  --older-than T  only jobs that ended or arrived at least this long ago: 30m, 12h, 7d. Without --state: of all that have ended

  --json          the same as JSON
  -h, --help      show this help

Examples:
  bellwether queue list --path /var/lib/app/queue.db
  bellwether queue list --state dead --config bellwether.yaml
  bellwether queue show q1a2b3c4d-7 --json | jq .request.messages
  bellwether queue retry --dead
  bellwether queue purge --state delivered --older-than 7d

list and show read a copy, also while a client uses the file. retry and purge need the file for themselves: while a client uses
it, they name the process and change nothing; use that client instead (client.queue.retry, client.queue.purge), or close it.
The next client that opens the file delivers jobs that were queued again. With --config they get a new ttl, and its
encryptionKey is needed to show encrypted requests.

Exit code: 0 success, 1 a job does not exist or cannot be queued again, 2 misuse, or the file cannot be used.`,
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
  if (name === undefined) return failWithUsage(`the task is missing; tasks are ${known}`)
  if (!Object.hasOwn(TASKS, name)) return failWithUsage(`unknown task '${name}'; tasks are ${known}`)
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
