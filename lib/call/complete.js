'use strict'

// A prompt and a text for it: by the kind of task, never thrown at the caller for what a vendor did.

const { answered } = require('./require-answer')
const { classes: { FailoverError, ConfigError, ClientClosedError }, ofProblems } = require('../util/errors')
const { isObject, what } = require('../util/serialize-options')

const PRIORITIES = ['fast', 'normal', 'high']

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {import('../../native').NativeClient} native
 * @param {any} prompt
 * @param {any} options
 */
async function complete (client, native, prompt, options = {}) {
  const { models, chat: given } = read(native, prompt, options)
  const chat = answered(client, given)
  const began = performance.now()
  try {
    // One call of the engine: one deadline, one report.
    const [model, ...others] = models
    const fallbackModels = [...others, ...[chat.fallbackModels ?? []].flat()]
    const answer = await client.chatCompletion(model, prompt, { ...chat, ...(fallbackModels.length > 0 && { fallbackModels }) })
    const { report } = answer
    return {
      content: answer.choices[0]?.message?.content ?? '',
      model: report.model,
      latencyMs: report.latency.totalMs,
      tokensUsed: report.usage?.totalTokens ?? 0,
      costUsd: report.costUsd,
      success: true,
      report
    }
  } catch (error) {
    if (!isUpstream(error)) throw error
    return failed(/** @type {InstanceType<typeof FailoverError>} */ (error), performance.now() - began)
  }
}

/** What a vendor did, and not the caller of this function. @param {unknown} error */
function isUpstream (error) {
  // What was refused before it became a call has no number.
  const called = FailoverError.isInstance(error) && error.requestId !== undefined
  return called && !ConfigError.isInstance(error) && !ClientClosedError.isInstance(error)
}

/** @param {InstanceType<typeof FailoverError>} error @param {number} latencyMs */
function failed ({ message, requestId, attempts }, latencyMs) {
  const model = 'all_failed'
  return {
    content: '',
    model,
    latencyMs,
    tokensUsed: 0,
    costUsd: null,
    success: false,
    errorMessage: message,
    report: { requestId, endpoint: '', provider: '', model, attempts, usage: null, costUsd: null, latency: { totalMs: latencyMs, queueMs: 0 }, failover: false, hedged: false, degraded: false }
  }
}

/** @param {import('../../native').NativeClient} native @param {any} prompt @param {any} options */
function read (native, prompt, options) {
  const problems = []
  if (typeof prompt !== 'string' || prompt === '') problems.push({ path: 'prompt', message: `must be a text, got ${prompt === '' ? 'an empty one' : what(prompt)}` })
  if (!isObject(options)) throw ofProblems([...problems, { path: 'options', message: `must be a plain object, got ${what(options)}` }])
  const { taskType, priority, models, stream, ...chat } = options
  if (taskType !== undefined && typeof taskType !== 'string') problems.push({ path: 'options.taskType', message: `must be a string, got ${what(taskType)}` })
  if (priority !== undefined && typeof priority !== 'string') problems.push({ path: 'options.priority', message: `must be one of ${PRIORITIES.join(', ')}, got ${what(priority)}` })
  const isList = Array.isArray(models) && models.length > 0 && models.every((model) => typeof model === 'string' && model !== '')
  if (models !== undefined && !isList) problems.push({ path: 'options.models', message: `must be a non-empty array of models' names, got ${what(models)}` })
  if (stream) problems.push({ path: 'options.stream', message: 'must be left out: the answer comes whole' })
  if (problems.length > 0) throw ofProblems(problems)
  return { models: models ?? native.suitedModels(taskType, priority), chat }
}

module.exports = { complete }
