'use strict'

// The usual hand-made stack: axios on a kept-alive agent, a breaker around it, a histogram beside it.

const http = require('node:http')
const axios = require('axios')
const CircuitBreaker = require('opossum')
const hdr = require('hdr-histogram-js')

exports.chat = async function connect ({ origin, prefix, apiKey, connections }) {
  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const vendor = axios.create({
    baseURL: origin + prefix,
    httpAgent,
    proxy: false,
    headers: { authorization: `Bearer ${apiKey}` }
  })
  const breaker = new CircuitBreaker((request) => vendor.post('/chat/completions', request), {
    timeout: 30_000, errorThresholdPercentage: 50, resetTimeout: 5_000
  })
  const latencyMicros = hdr.build()
  return {
    async chat (request) {
      const start = performance.now()
      const { data } = await breaker.fire(request)
      latencyMicros.recordValue(Math.round((performance.now() - start) * 1000))
      return data
    },
    close () {
      breaker.shutdown()
      httpAgent.destroy()
    }
  }
}
