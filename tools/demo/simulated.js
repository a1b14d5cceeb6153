'use strict'

const path = require('node:path')
const { FailoverClient } = require('../..')
const { VendorProcess, stopAll } = require('../lib/vendor-process')
const { runPhase } = require('./phase')
const { PlainClient } = require('./plain-client')

/** USD per million tokens. */
const PRICES = {
  primary: { input: 2.5, output: 10 },
  secondary: { input: 3.5, output: 15 },
  tertiary: { input: 8, output: 32 }
}

/** Runs both phases against the same vendors. */
async function runSimulated (plan, progress) {
  const vendors = await Promise.all(Object.keys(PRICES).map((name) => new VendorProcess(name, path.join(__dirname, 'vendor.js')).start()))
  const endpoints = vendors.map(({ name, url }) => ({ name, baseURL: url, apiKey: null, model: `${name}-model`, price: PRICES[name] }))
  const [primary] = vendors
  const common = { model: 'assistant', primary, prices: PRICES, plan, progress }
  try {
    progress.print('Without failover: plain fetch to the primary', 'bold')
    const withoutFailover = await runPhase({ ...common, label: 'without', client: new PlainClient(endpoints[0]) })

    progress.print('With bellwether: primary, secondary, tertiary, and the monitor', 'bold')
    const client = new FailoverClient({ proxy: false, endpoints, health: { checkInterval: 200, failureThreshold: 3 } })
    await client.monitor.startMonitoring()
    const withBellwether = await runPhase({ ...common, label: 'with   ', client })
    await client.close()
    return { withoutFailover, withBellwether }
  } finally {
    stopAll()
  }
}

module.exports = { runSimulated }
