'use strict'

// Answers a prompt with a text. The kind of task selects the models; a vendor's failure is returned, not thrown.

const { requireAnswer } = require('./require-answer')
const { classes: { FailoverError, ConfigError, ClientClosedError }, configError } = require('../util/errors')
const { isPlainObject, describe } = require('../util/serialize-options')

const PRIORITIES = ['fast', 'normal', 'high']

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {import('../../native').NativeClient} native
 * @param {any} prompt
 * @param {any} options
 */
async function complete (client, native, prompt, options = {}) {
  const { models, chat: given } = readArguments(native, prompt, options)
  const chat = requireAnswer(client, given)
  const began = performance.now()
  try {
    // One call for all models: they share a deadline and a report.
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
    if (!isUpstreamFailure(error)) throw error
    return failedResult(/** @type {InstanceType<typeof FailoverError>} */ (error), performance.now() - began)
  }
}

/** True for failures of vendors; false for mistakes in the arguments and for a closed client. @param {unknown} error */
function isUpstreamFailure (error) {
  // Arguments that are refused before a call starts have no request id.
  const called = FailoverError.isInstance(error) && error.requestId !== undefined
  return called && !ConfigError.isInstance(error) && !ClientClosedError.isInstance(error)
}

/** @param {InstanceType<typeof FailoverError>} error @param {number} latencyMs */
function failedResult ({ message, requestId, attempts }, latencyMs) {
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
function readArguments (native, prompt, options) {
  const problems = []
  if (typeof prompt !== 'string' || prompt === '') problems.push({ path: 'prompt', message: `must be a non-empty string, got ${prompt === '' ? 'an empty string' : describe(prompt)}` })
  if (!isPlainObject(options)) throw configError([...problems, { path: 'options', message: `must be a plain object, got ${describe(options)}` }])
  const { taskType, priority, models, stream, ...chat } = options
  if (taskType !== undefined && typeof taskType !== 'string') problems.push({ path: 'options.taskType', message: `must be a string, got ${describe(taskType)}` })
  if (priority !== undefined && typeof priority !== 'string') problems.push({ path: 'options.priority', message: `must be one of ${PRIORITIES.join(', ')}, got ${describe(priority)}` })
  const isList = Array.isArray(models) && models.length > 0 && models.every((model) => typeof model === 'string' && model !== '')
  if (models !== undefined && !isList) problems.push({ path: 'options.models', message: `must be a non-empty array of model names, got ${describe(models)}` })
  if (stream) problems.push({ path: 'options.stream', message: 'is not supported here: the answer is not streamed' })
  if (problems.length > 0) throw configError(problems)
  return { models: models ?? native.suitedModels(taskType, priority), chat }
}

module.exports = { complete }
