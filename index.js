'use strict'

// The public face. Everything behind it is private.

const { FailoverClient } = require('./lib/client/client')
const { HealthMonitor } = require('./lib/monitor/monitor')
const { chatCompletion } = require('./lib/client/default-client')

/** For its types alone. @type {typeof import('./index.d.ts').defineConfig} */
const defineConfig = (options) => options

// Loaded when first used: most programs have none.
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

// Named one by one, not spread: only so does Node find the names that ES modules import.
// What index.d.ts promises is checked here.
/** @satisfies {typeof import('./index.d.ts')} */
module.exports = {
  FailoverClient, HealthMonitor, chatCompletion, defineConfig, slackForwarder, discordForwarder, pagerDutyForwarder,
  webhookForwarder, FailoverError, ConfigError, AuthenticationError,
  PermissionDeniedError, RateLimitError, QuotaExceededError, BadRequestError, ContextLengthError, ContentFilterError,
  NotFoundError, TimeoutError, ConnectionError, UpstreamError, StreamInterruptedError, AllEndpointsFailedError,
  BudgetExceededError, QueueFullError, ClientClosedError
}
