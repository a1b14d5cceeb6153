'use strict'

// Writes src/cost/snapshot.json, the snapshot of list prices, from the npm package @pydantic/genai-prices (MIT). Usage: node
// tools/generate/prices.js <folder with the package in its node_modules>. The package is not a dependency, because
// prices that change by themselves would change the meaning of budgets.

const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const TARGET = path.join(__dirname, '..', '..', 'src', 'money', 'snapshot.json')
const VENDORS = ['openai', 'anthropic', 'google', 'deepseek']
const FIELDS = { input: 'input_mtok', output: 'output_mtok', cacheRead: 'cache_read_mtok', cacheWrite: 'cache_write_mtok' }

const load = createRequire(path.join(path.resolve(process.argv[2] ?? '.'), 'x.js'))
const { findProvider } = load('@pydantic/genai-prices')
const { version } = JSON.parse(fs.readFileSync(path.join(path.dirname(load.resolve('@pydantic/genai-prices')), '..', 'package.json'), 'utf8'))

const models = VENDORS.flatMap((vendor) => findProvider({ providerId: vendor }).models.flatMap((model) => {
  const prices = currentPrices(model.prices)
  // A call does not know its images, audio and searches.
  if (prices.input_mtok === undefined || prices.output_mtok === undefined) return []
  return idsOf(model, vendor).map((id) => ({ vendor, id, ...priced(prices) }))
}))
const lines = models.sort((a, b) => `${a.vendor} ${a.id}` < `${b.vendor} ${b.id}` ? -1 : 1).map((model) => JSON.stringify(model))
const source = { name: '@pydantic/genai-prices', version, licence: 'MIT', taken: new Date().toISOString().slice(0, 10) }
fs.writeFileSync(TARGET, `{\n"source": ${JSON.stringify(source)},\n"models": [\n${lines.join(',\n')}\n]\n}\n`)
console.log(`${models.length} models of ${VENDORS.length} vendors, ${source.name} ${version}`)

/** Returns the current prices; of prices by the hour the highest, so that a budget is not exceeded. */
function currentPrices (prices) {
  if (!Array.isArray(prices)) return prices
  const today = new Date().toISOString().slice(0, 10)
  const dated = prices.filter(({ constraint }) => constraint?.type === 'start_date' && constraint.start_date <= today)
  const hourly = prices.filter(({ constraint }) => constraint?.type === 'time_of_date')
  const base = dated.at(-1) ?? prices[0]
  return [base, ...hourly].map(({ prices }) => prices).sort((a, b) => b.output_mtok - a.output_mtok)[0]
}

/**
 * Returns the ids that a model names; one that is matched by its prefix is known by the prefix, and by the prefix with
 * a date.
 */
function idsOf ({ id, match }, vendor) {
  const named = [id, ...words(match)].filter((word) => /^[a-z0-9][a-z0-9.-]*$/.test(word))
  const own = { openai: /^(?!claude|gemini)/, anthropic: /^claude/, google: /^gem/, deepseek: /^deepseek/ }[vendor]
  return [...new Set(named)].filter((word) => own.test(word))
}

function words (match) {
  return match.or?.flatMap(words) ?? [match.equals ?? match.starts_with].filter((word) => word !== undefined)
}

function priced (prices) {
  const price = {}
  let above
  for (const [name, field] of Object.entries(FIELDS)) {
    const given = prices[field]
    if (given === undefined) continue
    price[name] = typeof given === 'number' ? given : given.base
    const tier = typeof given === 'number' ? undefined : given.tiers.at(-1)
    if (tier !== undefined) above = { tokens: tier.start, ...above, [name]: tier.price }
  }
  return { ...price, ...(above && { above }) }
}
