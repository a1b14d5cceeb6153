'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')

/** A folder that ends with the test. */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-config-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

/** A file in a folder of its own; gives its path. */
function file (t, text, name = 'bellwether.yaml') {
  const at = path.join(folder(t), name)
  fs.writeFileSync(at, text)
  return at
}

/** Sets variables for the time of the test. */
function variables (t, given) {
  for (const [name, value] of Object.entries(given)) {
    const before = process.env[name]
    t.after(() => { if (before === undefined) delete process.env[name]; else process.env[name] = before })
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

module.exports = { ROOT, folder, file, variables }
