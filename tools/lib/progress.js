'use strict'

const { styleText } = require('node:util')

const WIDTH = 30
const REDRAW = 100

/** Prints progress: on a terminal a line that is redrawn, elsewhere a line for every tenth. */
class Progress {
  #stream
  #live
  #colourful
  #label = ''
  #total = 0
  #told = 0
  #drawn = 0
  #line = ''

  /** @param {NodeJS.WriteStream} stream */
  constructor (stream) {
    this.#stream = stream
    this.#live = stream.isTTY === true && process.env.TERM !== 'dumb'
    this.#colourful = stream.isTTY === true && stream.hasColors()
  }

  start (label, total) {
    this.#label = label
    this.#total = total
    this.#told = 0
    this.#drawn = 0
  }

  /** @param {number} done @param {string} detail */
  update (done, detail) {
    const text = `${String(done).padStart(String(this.#total).length)}/${this.#total}  ${detail}`
    if (!this.#live) {
      const tenth = Math.floor((done / this.#total) * 10)
      if (tenth > this.#told) this.#stream.write(`${this.#label}  ${String(tenth * 10).padStart(3)} %  ${text}\n`)
      this.#told = tenth
      return
    }
    const now = performance.now()
    if (now - this.#drawn < REDRAW && done < this.#total) return
    this.#drawn = now
    const full = Math.round((done / this.#total) * WIDTH)
    // A line that wraps cannot be redrawn.
    this.#line = `${this.#label} [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${text}`.slice(0, (this.#stream.columns || 80) - 1)
    this.#stream.write(`\r\x1b[2K${this.#line}`)
  }

  /** @param {string} text @param {'red' | 'green' | 'yellow' | 'bold' | 'dim'} [style] */
  print (text, style) {
    const shown = style !== undefined && this.#colourful ? styleText(style, text) : text
    this.#stream.write(this.#live ? `\r\x1b[2K${shown}\n${this.#line}` : `${shown}\n`)
  }

  end () {
    if (this.#live && this.#line !== '') this.#stream.write('\n')
    this.#line = ''
  }
}

module.exports = { Progress }
