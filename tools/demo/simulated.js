'use strict'

const path = require('node:path')
const { FailoverClient } = require('../..')
const { Vendor, stopAll } = require('../lib/vendor-process')
const { phase } = require('./phase')
const { PlainClient } = require('./plain')

/** USD per million tokens. */
const PRICES = {
  primary: { input: 2.5, output: 10 },
  secondary: { input: 3.5, output: 15 },
  tertiary: { input: 8, output: 32 }
}

/** Both phases over the same vendors. */
async function simulated (plan, progress) {
  const vendors = await Promise.all(Object.keys(PRICES).map((name) => new Vendor(name, path.join(__dirname, 'vendor.js')).start()))
  const endpoints = vendors.map(({ name, url }) => ({ name, baseURL: url, apiKey: null, model: `${name}-model`, price: PRICES[name] }))
  const [primary] = vendors
  const common = { model: 'assistant', primary, prices: PRICES, plan, progress }
  try {
    progress.say('Without failover: plain fetch to the primary', 'bold')
    const withoutFailover = await phase({ ...common, label: 'without', client: new PlainClient(endpoints[0]) })

    progress.say('With bellwether: primary, secondary, tertiary, and the monitor', 'bold')
    const client = new FailoverClient({ proxy: false, endpoints, health: { checkInterval: 200, failureThreshold: 3 } })
    await client.monitor.startMonitoring()
    const withBellwether = await phase({ ...common, label: 'with   ', client })
    await client.close()
    return { withoutFailover, withBellwether }
  } finally {
    stopAll()
  }
}

module.exports = { simulated }
