'use strict'

// The SDKs. Each sends the same requests in its own way, and returns results in one form.

/**
 * @typedef {{ name: string, input: unknown }} Call
 * @typedef {object} SdkRequest
 * @property {string} prompt
 * @property {{ name: string, schema: object }[]} [tools]
 * @property {object} [schema] of the answer
 * @property {{ type: string, bytes: Buffer }} [image]
 * @property {{ turn: unknown, results: string[] }} [since] the answer so far, and the results of its tool calls
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} SdkAnswer
 * @property {string} text
 * @property {Call[]} calls
 * @property {unknown} [turn] the answer in the form that the SDK takes back
 * @property {unknown} [object] as the SDK parsed it
 * @property {string} [end] the finish reason, in the SDK's terms
 * @property {{ input: number, output: number }} [usage]
 *
 * @typedef {object} Sdk
 * @property {string} name
 * @property {'openai' | 'anthropic' | 'google'} dialect
 * @property {string} model the requested model
 * @property {{ text: string, tool: string }} ends
 * @property {boolean} [abortsQuietly] its loops over an aborted stream end without an error
 * @property {boolean} [leavesOpen] it does not close a stream when its loop is left
 * @property {boolean} [miscountsStreams] the usage it reports for a stream is not the vendor's
 * @property {(to: { fetch?: typeof fetch, origin?: string }) => any} make
 * @property {(made: any, asked: SdkRequest) => Promise<SdkAnswer>} ask
 * @property {(made: any, asked: SdkRequest) => AsyncGenerator<Partial<SdkAnswer>>} stream pieces: texts and calls are joined, the last end and usage count
 * @property {(error: any) => boolean} isAbort
 * @property {(error: any) => boolean} isError raised by the SDK, not merely passed on
 */

/** @type {Sdk[]} */
const SDKS = [
  ...require('./openai'), ...require('./anthropic'), ...require('./google'), ...require('./ai-sdk'), ...require('./langchain')
]

module.exports = { SDKS }
