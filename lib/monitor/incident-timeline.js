'use strict'

/** @param {any} m */
function formatTimelineEntry ({ what, endpoint, model, reason }) {
  const subject = endpoint === undefined ? '' : `${endpoint}${model === undefined ? '' : ` (${model})`}`
  const why = reason === undefined ? '' : `: ${reason}`
  switch (what) {
    case 'failed': return `${subject} fails${why}`
    case 'out': return `${subject} is taken out of selection${why}`
    case 'rescued': return `${subject} answers a call in its place${why}`
    case 'lost': return `a call is lost${why}`
    case 'back': return `${subject} answers again`
    default: return 'closed'
  }
}

module.exports = { formatTimelineEntry }
