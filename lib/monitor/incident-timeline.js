'use strict'

/** @param {any} m */
function moment ({ what, endpoint, model, reason }) {
  const who = endpoint === undefined ? '' : `${endpoint}${model === undefined ? '' : ` (${model})`}`
  const why = reason === undefined ? '' : `: ${reason}`
  switch (what) {
    case 'failed': return `${who} fails${why}`
    case 'out': return `${who} is left out${why}`
    case 'rescued': return `${who} answers a call in its place${why}`
    case 'lost': return `a call is lost${why}`
    case 'back': return `${who} answers again`
    default: return 'over'
  }
}

module.exports = { moment }
