'use strict'

// The dashboard in a browser, while vendors fail and come back.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setup, ask, until, faults } = require('../helpers/client')
const { browser, open, mount, sound, shot, LOOKS } = require('./browser')

const TOUCHY = {
  breaker: { failureThreshold: 1, recoveryTimeout: '2s', maxRecoveryTimeout: '2s' },
  // Longer than three browsers keep this process from calling: else one outage is two incidents.
  incidents: { quiet: '3s' },
  alerts: { rules: { failoverTriggered: { quiet: '100ms' } } },
  prices: { 'gpt-4o': { input: 1_000, output: 2_000 } },
  budgets: [{ name: 'daily', per: 'day', limit: 1, onExceeded: 'warn' }]
}
/** One call after another, as programs make them, until it is ended. */
function calls (client) {
  let on = true
  const done = (async () => { while (on) await ask(client) })()
  return { end: () => { on = false; return done } }
}
const shows = (page, selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor()

test('an outage is seen from its beginning to its end, in light, in dark and on a phone', async (t) => {
  const { client, a } = setup(t, TOUCHY)
  const { url } = await mount(t, client)
  const chromium = await browser(t)
  const seen = await Promise.all(Object.keys(LOOKS).map(async (look) => ({ look, ...await open(chromium, url, look) })))
  const each = (what) => Promise.all(seen.map(what))
  for (let i = 0; i < 5; i++) await ask(client)
  await each(async ({ page, look, complaints }) => {
    await shows(page, '#verdict', 'Healthy')
    await shows(page, '#summary', 'All 2 endpoints answer.')
    await page.waitForFunction(() => document.getElementById('t-calls').textContent !== '–')
    await sound({ page, complaints }, look)
    await shot(page, `${look}-well`)
  })

  a.always(faults.serverError())
  const traffic = calls(client)
  await each(async ({ page, look, complaints }) => {
    await shows(page, '#verdict', 'Degraded')
    await shows(page, '#endpoint-rows tr:has(bdi:text-is("A")) .state', 'Down')
    await shows(page, '#endpoint-rows tr:has(bdi:text-is("A")) .error', 'server error')
    await shows(page, '#feed li', 'A (gpt-4o) → B (gpt-4o): server error, HTTP 500')
    await shows(page, '#alerts .alert', 'calls fail over to B')
    await page.locator('#incidents summary').filter({ hasText: 'Open' }).click()
    await shows(page, '#incidents .moments', 'A (gpt-4o) is taken out of selection: server error')
    await shows(page, '#incidents tr:has-text("Rescued")', /Rescued[1-9]/)
    assert.equal(await page.locator('#incidents svg.picture').count(), 1)
    await shows(page, '#costs', 'daily')
    assert.ok(await page.locator('#traffic canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      return data.some((value) => value !== 0)
    }), 'a chart is drawn')
    await sound({ page, complaints }, look)
    await shot(page, `${look}-outage`)
  })

  a.always()
  await until('all incidents are over', () => client.getIncidents().every(({ status }) => status === 'closed'), 30_000)
  await traffic.end()
  await each(async ({ page, look, complaints }) => {
    await shows(page, '#verdict', 'Healthy')
    await shows(page, '#endpoint-rows tr:has(bdi:text-is("A")) .state', 'Healthy')
    await shows(page, '#incidents summary', 'Closed')
    await shows(page, '#feed li', 'closed after')
    // An open report stays open.
    assert.equal(await page.locator('#incidents details[open]').count(), 1)
    await sound({ page, complaints }, look)
    await shot(page, `${look}-over`)
  })
})

test('everything can be reached and used by keyboard, and it is seen where one is', async (t) => {
  const { client, a } = setup(t, TOUCHY)
  const { url } = await mount(t, client)
  await ask(client)
  a.script(faults.serverError())
  await ask(client)
  const { page, complaints } = await open(await browser(t), url)
  await page.locator('#incidents summary').waitFor()
  const here = () => page.evaluate(() => {
    const { activeElement: on } = document
    const { outlineStyle } = getComputedStyle(on)
    return { what: on.id || on.value || on.className || on.tagName.toLowerCase(), seen: outlineStyle !== 'none' }
  })
  const path = []
  const press = async (key) => {
    await page.keyboard.press(key)
    path.push(await here())
  }
  await press('Tab')
  assert.ok((await page.locator('.skip').boundingBox()).y >= 0, 'the skip link is seen')
  await page.keyboard.press('Enter')
  assert.equal((await here()).what, 'endpoints')
  await press('Tab')
  await press('Tab')
  await press('ArrowRight')
  await press('Tab')
  await press('ArrowRight')
  await shows(page, '#latency-name', 'p99')
  await press('Tab')
  await press('Enter')
  assert.deepEqual(path.map(({ what }) => what), ['skip', 'panel table', '300000', '1800000', 'p95', 'p99', 'summary', 'summary'])
  assert.ok(path.every(({ seen }) => seen), JSON.stringify(path))
  await shows(page, '#incidents .report', 'With failover')
  await press('Tab')
  assert.equal(path.at(-1).what, 'panel feed')
  assert.deepEqual(complaints, [])
})

/** What the endpoints of the test below are asked for. */
const ASKED = { model: 'gpt-4o' }

test('names, models and messages are texts, whatever they try to be', async (t) => {
  const NAMES = ['<img src=x onerror=alert(1)>', '"><script>alert(2)', '\u202eevil & <b>bold']
  const { client, a } = setup(t, { ...TOUCHY, servers: 3, endpoint: (i) => ({ name: NAMES[i], model: `<svg onload=alert(${i})>` }) })
  const { url } = await mount(t, client)
  const chromium = await browser(t)
  const { page, complaints } = await open(chromium, url)
  await ask(client, ASKED)
  a.always(faults.serverError({ message: '<iframe src=javascript:alert(3)>' }))
  await ask(client, ASKED)
  await shows(page, '#feed li', NAMES[0])
  await page.locator('#incidents summary').first().click()
  await shows(page, '#incidents .report', NAMES[0])
  const texts = await page.locator('#endpoint-rows th > bdi').allTextContents()
  assert.deepEqual(texts, [NAMES[0], NAMES[1], NAMES[2].replace('\u202e', '�')])
  assert.equal(await page.locator('main img, main script, main iframe, main b:text-is("bold"), svg[onload]').count(), 0)
  assert.deepEqual(complaints, [])
})

test('a page shows since when it is disconnected and marks its data as old; it continues with the next process', async (t) => {
  const first = setup(t, { servers: 1 })
  const mounted = await mount(t, first.client)
  const started = await browser(t)
  const { page } = await open(started, mounted.url)
  const { page: phone } = await open(started, mounted.url, 'phone')
  await ask(first.client)
  await shows(page, '#endpoint-rows tr', 'A')
  mounted.close()
  await first.client.close()
  await page.locator('#link[data-state=lost]').waitFor()
  assert.match(await page.locator('#link-text').textContent(), /^Disconnected since \d\d:\d\d:\d\d$/)
  assert.equal(await page.locator('body.stale').count(), 1)
  await shows(page, '#news', 'Disconnected')
  await shows(page, '#verdict', 'Not connected')
  await shows(page, '#summary', /^At .*: healthy/)
  await shot(page, 'light-disconnected')
  await phone.locator('#link[data-state=lost]').waitFor()
  // One line: the icon beside the word.
  const [icon, link, width, needed] = await phone.evaluate(() => [
    ...['h1 img', '#link'].map((at) => document.querySelector(at).getBoundingClientRect().toJSON()), document.documentElement.clientWidth, document.documentElement.scrollWidth
  ])
  assert.ok(icon.top >= 0 && icon.right <= link.left && link.top < icon.bottom && link.right <= width && needed <= width, JSON.stringify({ icon, link, width, needed }))
  await shot(phone, 'phone-disconnected')
  await phone.close()
  const second = setup(t, { servers: 2 })
  await mount(t, second.client, mounted.port)
  await page.locator('#link[data-state=live]').waitFor()
  await shows(page, '#summary', 'All 2 endpoints answer.')
  await shows(page, '#news', 'Connected again')
  assert.equal(await page.locator('body.stale').count(), 0)
  // Events of the new process come, too.
  second.a.script(faults.serverError())
  await ask(second.client)
  await shows(page, '#feed li', 'A (gpt-4o) → B (gpt-4o)')
})

test('a page with very many events stays small, and a hidden one requests nothing', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client)
  const { page, complaints } = await open(await browser(t), url)
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 100; i++) client.emit('config', { message: `line ${round} ${i}` })
    await shows(page, '#feed li', `line ${round} 99`)
  }
  assert.equal(await page.locator('#feed li').count(), 200)
  const sizes = await page.evaluate(() => document.bellwether.sizes())
  assert.ok(sizes.lines === 200 && sizes.points <= 900, JSON.stringify(sizes))
  let asked = 0
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await page.clock.install()
  page.on('request', () => asked++)
  await page.clock.fastForward(60_000)
  assert.equal(asked, 0)
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await until('it asks again', () => asked > 0)
  assert.deepEqual(complaints, [])
})
