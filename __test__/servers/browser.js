'use strict'

// Debian's chromium, and what must hold of every page that it shows.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { chromium } = require('playwright-core')
const express = require('express')
const { failover } = require('bellwether/express')

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = path.join(__dirname, '..', '..', 'artifacts', 'screenshots')
const LOOKS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true, reducedMotion: 'reduce' }
}

/** @param {import('node:test').TestContext} t */
async function browser (t) {
  const places = process.env.PATH.split(path.delimiter).map((folder) => path.join(folder, 'chromium'))
  const executablePath = places.find((file) => fs.existsSync(file))
  // A container has no sandbox to give; what is opened is our own.
  const started = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.after(() => started.close())
  return started
}

/**
 * Opens a page and collects errors, console errors, and violations of the content security policy.
 * @param {import('playwright-core').Browser} started
 */
async function open (started, url, look = 'light') {
  const context = await started.newContext(LOOKS[look])
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
  page.on('dialog', (dialog) => { complaints.push(dialog.message()); dialog.dismiss() })
  page.on('request', (request) => { if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(request.url()) })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`policy: ${violatedDirective} ${blockedURI}`))
  })
  await page.goto(url)
  await page.waitForSelector('#link[data-state=live]')
  return { page, complaints }
}

/** What axe finds that is serious or critical. */
async function axe (page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`).join('\n')}`)
}

/** Nothing is wider than the window, and nothing was complained of. */
async function sound ({ page, complaints }, look) {
  assert.deepEqual(await axe(page), [], look)
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
  assert.ok(needed <= there, `${look}: ${needed} px in ${there}`)
  assert.deepEqual(complaints, [], look)
}

async function shot (page, name) {
  fs.mkdirSync(SHOTS, { recursive: true })
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true })
}

/** A client behind Express, and its end. */
async function mount (t, client, port = 0) {
  const app = express()
  app.use(failover(client, { events: true, dashboard: true, authorize: 'none' }))
  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = () => { server.closeAllConnections(); server.close() }
  t.after(close)
  return { url: `http://127.0.0.1:${server.address().port}/dashboard/`, port: server.address().port, close }
}

module.exports = { browser, open, mount, sound, shot, LOOKS }
