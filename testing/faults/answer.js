'use strict'

// Faults with well-formed answers: healthy ones, and any status with any headers and body.

const { make } = require('./make')

/** @typedef {typeof import('../index')} Api */

/** @type {Api['faults']['healthy']} */
const healthy = (reply = {}) => make('healthy', { reply })

/** @type {Api['faults']['status']} */
const status = (code, { headers, body, statusText } = {}) => make('status', { status: code, statusText, headers, body: body ?? '' })

/** @type {Api['faults']['redirect']} */
const redirect = (code, location) => make('redirect', { status: code, headers: { location }, body: '' })

/** @type {Api['faults']['htmlPage']} */
const htmlPage = (code = 502) => make('htmlPage', {
  status: code,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${code}</title></head>\r\n<body>\r\n<center><h1>${code}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
})

/** @type {Api['faults']['headers']} */
const headers = (record) => make('headers', { headers: record })

/** @type {Api['faults']['contentType']} */
const contentType = (type) => make('contentType', { headers: { 'content-type': type } })

/** @type {Api['faults']['hugeHeader']} */
const hugeHeader = (bytes = 64 * 1024) => make('hugeHeader', { headers: { 'x-huge': 'h'.repeat(bytes) } })

/** @type {Api['faults']['informational']} */
const informational = (code = 103, record = {}) => make('informational', { informational: [{ status: code, headers: record }] })

/** @type {Api['faults']['retryAfter']} */
const retryAfter = (after, { as, clockSkew } = {}) => make('retryAfter', { retryAfter: { after, as, clockSkew } })

/** @type {Api['faults']['slowHeaders']} */
const slowHeaders = (delay) => make('slowHeaders', { delay: { headers: delay } })

/** @type {Api['faults']['slowFirstContent']} */
const slowFirstContent = (delay) => make('slowFirstContent', { delay: { firstContent: delay } })

/** @type {Api['faults']['finish']} */
const finish = (reason) => make('finish', { reply: { finishReason: reason } })

/** @type {Api['faults']['refusal']} */
const refusal = (text = "I'm sorry, I can't help with that.") => make('refusal', { reply: { refusal: text } })

/** @type {Api['faults']['reasoning']} */
const reasoning = (text) => make('reasoning', { reply: { reasoning: text } })

/** @type {Api['faults']['toolCalls']} */
const toolCalls = (...calls) => make('toolCalls', { reply: { toolCalls: calls } })

module.exports = { healthy, status, redirect, htmlPage, headers, contentType, hugeHeader, informational, retryAfter, slowHeaders, slowFirstContent, finish, refusal, reasoning, toolCalls }
