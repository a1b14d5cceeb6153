'use strict'

// Reads the environment variables that configure a client.

const fs = require('node:fs')

const ENVIRONMENT_VARIABLES = [
  'HOLYSHEEP_API_KEY', 'HOLYSHEEP_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'BELLWETHER_BASE_URL',
  'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'
]

function readEnvironment () {
  /** @type {Record<string, string | undefined>} */
  const found = {}
  for (const name of ENVIRONMENT_VARIABLES) found[name] = process.env[name]
  const extra = process.env.NODE_EXTRA_CA_CERTS
  if (extra) {
    try {
      found.NODE_EXTRA_CA_CERTS = fs.readFileSync(extra, 'utf8')
    } catch {
      // Node itself warns about a file that cannot be read.
    }
  }
  return found
}

module.exports = { readEnvironment }
