'use strict'

const path = require('node:path')
const { fork } = require('node:child_process')
const { once } = require('node:events')

/** @param {number} seed */
async function startVendors (seed) {
  const child = fork(path.join(__dirname, 'vendor-process.js'), [String(seed)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  process.on('exit', () => child.kill('SIGKILL'))
  const [vendors] = await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => { throw new Error(`the vendors ended with ${code}`) })])
  return {
    /** @type {{ name: string, baseURL: string }[]} */
    endpoints: vendors.map(({ name, baseURL }) => ({ name, baseURL })),
    /** @type {string} */
    ca: vendors.find(({ ca }) => ca !== undefined).ca,
    end: () => child.kill('SIGKILL')
  }
}

module.exports = { startVendors }
