'use strict'

// The scripts of `bellwether completion`, each asked by its own shell.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { folder } = require('./helpers')
const { cli } = require('../cli/run')

/** A program for each shell that prints the completions of a line's last word, one per line. */
const SHELLS = {
  bash: (file, words) => ['-c', `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bellwether; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', file, ...words],
  // The completion system's matches are printed: it shows nothing without a terminal.
  zsh: (file, words) => ['-fc', `
    compdef() { : }
    compadd() { shift; print -rl -- \${(M)@:#$PREFIX*} }
    _describe() { print -rl -- \${(M)\${(P)2}:#$PREFIX*} }
    _files() { : }
    source "$1"; shift
    words=("$@"); CURRENT=$#; PREFIX="$words[-1]"
    _bellwether`, 'zsh', file, ...words],
  fish: (file, words) => ['--no-config', '-c', `source "$argv[1]"; complete -C "$argv[2]"`, file, words.join(' ')]
}

for (const [shell, asked] of Object.entries(SHELLS)) {
  test(`${shell} completes commands, options and words`, async (t) => {
    const file = path.join(folder(t), `bellwether.${shell}`)
    const { code, said } = await cli(t, ['completion', shell])
    assert.equal(code, 0)
    fs.writeFileSync(file, said)
    const complete = (...words) => {
      const { stdout, stderr, error } = spawnSync(shell, asked(file, words), { encoding: 'utf8', cwd: path.dirname(file), timeout: 20_000 })
      assert.deepEqual([error, stderr], [undefined, ''])
      return stdout.trim().split('\n').map((line) => line.split(/[:\t]/)[0])
    }
    assert.deepEqual(complete('bellwether', 'dr'), ['drill'])
    const { COMMANDS } = require('../../bin/table')
    const commands = complete('bellwether', '')
    assert.deepEqual(Object.keys(COMMANDS).filter((name) => !commands.includes(name)), [])
    assert.deepEqual(complete('bellwether', 'drill', '--obj'), ['--objective'])
    assert.deepEqual(complete('bellwether', 'bench', '--concurr'), ['--concurrency'])
    assert.deepEqual(complete('bellwether', 'drill', 'vendor'), ['vendor-down'])
    assert.deepEqual(complete('bellwether', 'completion', 'fi'), ['fish'])
  })
}

test('a shell that is not known is refused', async (t) => {
  const { code, said, complained } = await cli(t, ['completion', 'tcsh'])
  assert.deepEqual([code, said], [2, ''])
  assert.match(complained, /tcsh/)
})
