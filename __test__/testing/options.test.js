'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createFaultServer, faults } = require('../../testing')
const { serve } = require('./helpers')

const refused = (message) => ({ name: 'TypeError', code: 'ERR_BELLWETHER_INVALID_OPTION', message })

test('an unknown option names the nearest known one', () => {
  assert.throws(() => createFaultServer({ dialct: 'openai' }), refused("createFaultServer: unknown option 'dialct', did you mean 'dialect'?"))
  assert.throws(() => createFaultServer({ zzzzzzzz: 1 }), refused(/known: dialect, port, name/))
  assert.throws(() => faults.rateLimited({ retryafter: 1 }), refused(/did you mean 'retryAfter'/))
  assert.throws(() => faults.serverError({ limit: 'tokens' }), refused(/unknown option 'limit'/))
})

test('a wrong value names the option, what was given and what is accepted', () => {
  assert.throws(() => createFaultServer({ dialect: 'claude' }), refused("createFaultServer.dialect: got 'claude', expected 'openai', 'anthropic', 'google', 'relay'"))
  assert.throws(() => createFaultServer({ port: 70000 }), refused('createFaultServer.port: got 70000, expected an integer from 0 to 65535'))
  assert.throws(() => createFaultServer({ tls: 'self' }), refused(/expected 'trusted', 'expired', 'wrongHost', 'untrusted'/))
  assert.throws(() => createFaultServer({ tls: { key: 'k' } }), refused(/both key and cert/))
  assert.throws(() => createFaultServer({ basePath: 'v1/' }), refused(/basePath/))
  assert.throws(() => createFaultServer({ models: ['a', 1] }), refused('createFaultServer.models[1]: got 1, expected a string'))
  assert.throws(() => createFaultServer({ keys: 'k' }), refused(/an array/))
  assert.throws(() => createFaultServer('openai'), refused(/an object/))
  assert.throws(() => faults.slowHeaders('soon'), refused(/'500ms' '30s'/))
  assert.throws(() => faults.slowHeaders(-1), refused(/milliseconds/))
  assert.throws(() => faults.cut({ how: 'gently' }), refused(/'eof', 'close', 'reset'/))
  assert.throws(() => faults.status(99), refused(/200 to 999/))
  assert.throws(() => faults.percent(101, faults.reset()), refused(/0 to 100/))
  assert.throws(() => faults.repeat(0, faults.reset()), refused(/from 1/))
  assert.throws(() => faults.repeat(2), refused(/at least one/))
  assert.throws(() => faults.when({ modle: 'x' }, faults.reset()), refused(/did you mean 'model'/))
})

test('a script is checked when it is given', (t) => {
  const server = serve(t)
  assert.throws(() => server.script(faults.reset(), 'reset'), refused(/^script\[1\]: got 'reset', expected a fault/))
  assert.throws(() => server.script({ stats: 500 }), refused(/did you mean 'status'/))
  assert.throws(() => server.script({ step: 'repeet', steps: [] }), refused(/'repeat', 'forever'/))
  assert.throws(() => server.script({ error: { kind: 'tired' } }), refused(/an error of the openai dialect/))
  assert.throws(() => server.script(faults.errorEvent('tired')), refused(/an error of the openai dialect/))
  assert.throws(() => server.script(faults.combine(faults.gzip(), faults.contentLengthOff(1))), refused(/compressed/))
})
