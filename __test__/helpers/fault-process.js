'use strict'

// A fault server on its own: told what to do by its parent's messages, gone when the parent is.

const { createFaultServer } = require('../../testing')

const server = createFaultServer(JSON.parse(process.argv[2]))
const plain = (value) => (value === server || value === undefined ? null : value)

process.on('disconnect', () => process.exit())
process.on('message', async ({ id, method, args }) => {
  process.send({ id, value: plain(await server[method](...args)) })
})
server.ready.then(() => {
  process.send({ id: -1, value: { url: server.url, port: server.port, ca: server.ca, pid: process.pid } })
})
