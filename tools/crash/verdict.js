'use strict'

/**
 * Returns the problems of a file after its last process.
 * @param {object} round
 * @param {Set<string>} round.sent Names of all calls, queued or not.
 * @param {Map<string, string>} round.acknowledged Names of queued calls, by id.
 * @param {string[]} round.failed
 * @param {{ id: string, state: string, text?: string, maybeDuplicate?: boolean }[]} round.jobs
 * @param {Map<string, number>} round.answered Number of answers by name.
 */
function verdict ({ sent, acknowledged, failed, jobs, answered }) {
  const problems = failed.map((message) => `a call failed: ${message}`)
  const byId = new Map(jobs.map((job) => [job.id, job]))
  let twice = 0
  for (const [id, name] of acknowledged) {
    const job = byId.get(id)
    if (job === undefined) problems.push(`lost: ${id} (${name}) was acknowledged and is not in the file`)
    else if (job.state !== 'delivered') problems.push(`${id} (${name}) is ${job.state}`)
    else if (job.text !== `answer to ${name}`) problems.push(`${id} (${name}) has the answer of another job, '${job.text}'`)
  }
  const names = new Set()
  for (const { id, state, text = '', maybeDuplicate } of jobs) {
    const name = text.replace('answer to ', '')
    if (state === 'delivered' && !sent.has(name)) problems.push(`invented: ${id} answers '${name}', which was never sent`)
    if (state === 'delivered' && names.has(name)) problems.push(`${name} is in the file twice`)
    names.add(name)
    const times = answered.get(name) ?? 0
    if (state === 'delivered' && times === 0) problems.push(`${id} (${name}) was never answered`)
    if (times > 1) twice++
    if (times > 1 && !maybeDuplicate) problems.push(`${id} (${name}) was answered ${times} times, and is not marked as a possible duplicate`)
  }
  return { problems, twice, marked: jobs.filter((job) => job.maybeDuplicate).length }
}

module.exports = { verdict }
