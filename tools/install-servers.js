'use strict'

// Installs the servers and shells that some tests need, from Debian packages.

const { spawnSync } = require('node:child_process')

/** Commands, and the packages that contain them. */
const SERVERS = [['nginx', 'nginx-light'], ['tinyproxy', 'tinyproxy-bin'], ['promtool', 'prometheus'], ['chromium', 'chromium'], ['zsh', 'zsh'], ['fish', 'fish']]

/** Installs what is missing as root; otherwise prints what to install and exits with code 2. */
function installServers () {
  const packages = SERVERS.filter(([command]) => !exists(command)).map(([, name]) => name)
  if (packages.length === 0) return
  const list = packages.join(' ')
  if (process.getuid?.() !== 0 || !exists('apt-get')) {
    console.error(`npm test: install ${list} (apt-get install ${list}), or run 'npm test -- --without-servers'`)
    process.exit(2)
  }
  console.error(`installing ${list}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // A new machine has no package lists, or old ones.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const { status } = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    console.error(`npm test: apt-get could not install ${list}; install it by hand, or run 'npm test -- --without-servers'`)
    process.exit(2)
  }
}

/** @param {string} command */
function exists (command) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  return spawnSync('sh', ['-c', `command -v ${command}`], { env: { ...process.env, PATH: path } }).status === 0
}

if (require.main === module) installServers()

module.exports = { installServers }
