'use strict'

const { styleText } = require('node:util')

// hasColors() is false for a pipe and under NO_COLOR.
const colourful = process.stderr.hasColors?.() === true

function say (text) {
  process.stderr.write(`${text}\n`)
}

function bold (text) {
  return colourful ? styleText('bold', text) : text
}

module.exports = { say, bold }
