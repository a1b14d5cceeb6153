'use strict'

const testing = require('../../testing')
const { openClient, serve } = require('../helpers/client')

const CANARY = 'canary-4711-not-to-be-seen'
/** Quick, and long enough for a breaker to open. */
const SHORT = { requests: 80, duration: '1s', latencyMs: 5 }
const OPENAI = { name: 'O', baseURL: 'https://openai.example/v1', apiKey: `sk-${CANARY}`, headers: { 'x-tenant': CANARY } }
const ANTHROPIC = { name: 'A', dialect: 'anthropic', baseURL: 'https://anthropic.example', apiKey: `sk-ant-${CANARY}`, model: 'claude-sonnet-4' }
const GOOGLE = { name: 'G', dialect: 'google', baseURL: 'https://google.example', apiKey: `AIza${CANARY}`, model: 'gemini-2.5-flash' }
const RELAY = { name: 'R', dialect: 'relay', baseURL: 'https://relay.example/v1', apiKey: `sk-hs-${CANARY}`, model: 'gpt-4.1' }

/** A client of these endpoints, without servers behind them. */
function host (t, endpoints, options = {}) {
  return openClient(t, { apiKey: undefined, endpoints, ...options })
}

/** All fault servers that are made until the test is over. */
function servers (t) {
  const made = []
  const { createFaultServer } = testing
  testing.createFaultServer = (options) => {
    const server = createFaultServer(options)
    made.push(server)
    return server
  }
  t.after(() => { testing.createFaultServer = createFaultServer })
  return made
}

module.exports = { CANARY, SHORT, OPENAI, ANTHROPIC, GOOGLE, RELAY, host, servers, serve }
