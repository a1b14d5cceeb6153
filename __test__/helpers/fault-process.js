'use strict'

// A fault server in a process of its own, controlled by its parent's messages. It ends with its parent.

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
