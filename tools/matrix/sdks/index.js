'use strict'

// The SDKs, each asked the same in its own way. What they say comes back in one form.

/**
 * @typedef {{ name: string, input: unknown }} Call
 * @typedef {object} Asked
 * @property {string} prompt
 * @property {{ name: string, schema: object }[]} [tools]
 * @property {object} [schema] what the answer has to be
 * @property {{ type: string, bytes: Buffer }} [image]
 * @property {{ turn: unknown, results: string[] }} [since] what was answered, and what the tools it called have said
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Said
 * @property {string} text
 * @property {Call[]} calls
 * @property {unknown} [turn] the answer as the SDK takes it back
 * @property {unknown} [object] as the SDK parsed it
 * @property {string} [end] why it ended, in the SDK's words
 * @property {{ input: number, output: number }} [usage]
 *
 * @typedef {object} Sdk
 * @property {string} name
 * @property {'openai' | 'anthropic' | 'google'} dialect
 * @property {string} model what it asks for
 * @property {{ text: string, tool: string }} ends
 * @property {boolean} [abortsQuietly] its loops over an aborted stream end without an error
 * @property {boolean} [leavesOpen] it does not close a stream whose loop is left
 * @property {boolean} [miscountsStreams] the usage it tells of a stream is not the vendor's
 * @property {(to: { fetch?: typeof fetch, origin?: string }) => any} make
 * @property {(made: any, asked: Asked) => Promise<Said>} ask
 * @property {(made: any, asked: Asked) => AsyncGenerator<Partial<Said>>} stream pieces: texts and calls follow each other, the last end and usage hold
 * @property {(error: any) => boolean} isAbort
 * @property {(error: any) => boolean} isError raised by the SDK, and not merely passed on
 */

/** @type {Sdk[]} */
const SDKS = [
  ...require('./openai'), ...require('./anthropic'), ...require('./google'), ...require('./ai-sdk'), ...require('./langchain')
]

module.exports = { SDKS }
