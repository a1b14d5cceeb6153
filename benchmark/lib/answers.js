'use strict'

// The bytes that both mock servers answer with.

const exchange = require('./exchange')

const VENDOR_HEADERS = [
  'date: Wed, 01 Oct 2025 12:00:00 GMT',
  'openai-organization: bench',
  'openai-processing-ms: 412',
  'openai-version: 2020-10-01',
  'x-ratelimit-limit-requests: 10000',
  'x-ratelimit-limit-tokens: 30000000',
  'x-ratelimit-remaining-requests: 9999',
  'x-ratelimit-remaining-tokens: 29999488',
  'x-ratelimit-reset-requests: 6ms',
  'x-ratelimit-reset-tokens: 1ms',
  'x-request-id: req_4f0c8a52f1c94b6e9c9bb2c3a0a1d7e5',
  'connection: keep-alive'
]

function answerBytes (status, body) {
  return Buffer.from([`HTTP/1.1 ${status}`, ...VENDOR_HEADERS, 'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

const COMPLETION = answerBytes('200 OK', JSON.stringify(exchange.answer()))
const MESSAGE = answerBytes('200 OK', JSON.stringify(exchange.anthropic.answer()))

module.exports = { VENDOR_HEADERS, answerBytes, COMPLETION, MESSAGE }
