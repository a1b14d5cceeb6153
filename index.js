'use strict'

// The public API of the package. Everything behind it is private.

const { FailoverClient } = require('./lib/client/client')
const { HealthMonitor } = require('./lib/monitor/monitor')
const { chatCompletion } = require('./lib/client/default-client')

/** Exists for its types. @type {typeof import('./index.d.ts').defineConfig} */
const defineConfig = (options) => options

// Loaded on first use: most programs need none.
/** @type {typeof import('./index.d.ts').slackForwarder} */
const slackForwarder = (...given) => require('./lib/monitor/forwarders').slackForwarder(...given)
/** @type {typeof import('./index.d.ts').discordForwarder} */
const discordForwarder = (...given) => require('./lib/monitor/forwarders').discordForwarder(...given)
/** @type {typeof import('./index.d.ts').pagerDutyForwarder} */
const pagerDutyForwarder = (...given) => require('./lib/monitor/forwarders').pagerDutyForwarder(...given)
/** @type {typeof import('./index.d.ts').webhookForwarder} */
const webhookForwarder = (...given) => require('./lib/monitor/forwarders').webhookForwarder(...given)

/** @typedef {Pick<typeof import('./index.d.ts'), keyof typeof import('./lib/util/errors').classes>} ErrorClasses */
const {
  FailoverError, ConfigError, AuthenticationError, PermissionDeniedError, RateLimitError, QuotaExceededError,
  BadRequestError, ContextLengthError, ContentFilterError, NotFoundError, TimeoutError, ConnectionError,
  UpstreamError, StreamInterruptedError, AllEndpointsFailedError, BudgetExceededError, QueueFullError,
  ClientClosedError
} = /** @type {ErrorClasses} */ (require('./lib/util/errors').classes)

// Listed one by one: Node finds the names for ES modules only in this form. The type below checks them against
// index.d.ts.
/** @satisfies {typeof import('./index.d.ts')} */
module.exports = {
  FailoverClient, HealthMonitor, chatCompletion, defineConfig, slackForwarder, discordForwarder, pagerDutyForwarder,
  webhookForwarder, FailoverError, ConfigError, AuthenticationError,
  PermissionDeniedError, RateLimitError, QuotaExceededError, BadRequestError, ContextLengthError, ContentFilterError,
  NotFoundError, TimeoutError, ConnectionError, UpstreamError, StreamInterruptedError, AllEndpointsFailedError,
  BudgetExceededError, QueueFullError, ClientClosedError
}
