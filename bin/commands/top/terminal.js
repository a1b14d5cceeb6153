'use strict'

// Switches the terminal to a screen of its own and back, however the program ends, and redraws changed frames only.

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
/** Synchronized output: terminals without it ignore these sequences. */
const [BEGIN, END] = ['\u001b[?2026h', '\u001b[?2026l']
/** q, Q, Ctrl-C and Ctrl-D. */
const QUIT = new Set([0x71, 0x51, 0x03, 0x04])
const CODES = { good: 32, warn: 33, bad: 31, plain: 39 }

/** @param {{ quit: () => void, resize: () => void }} handlers */
function openScreen (handlers) {
  const { stdin, stdout } = process
  let last = ''
  let isOpen = true
  const keys = (/** @type {Buffer} */ bytes) => {
    // In raw mode Ctrl-C arrives as a key.
    if (bytes.some((byte) => QUIT.has(byte))) handlers.quit()
  }
  const resized = () => {
    last = ''
    handlers.resize()
  }
  const signals = /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

  function release () {
    if (!isOpen) return
    isOpen = false
    process.off('exit', release)
    stdout.off('resize', resized)
    stdin.off('data', keys)
    for (const signal of signals) process.off(signal, handlers.quit)
    if (stdin.isTTY) stdin.setRawMode(false)
    stdin.pause()
    stdout.write(LEAVE)
  }

  process.once('exit', release)
  for (const signal of signals) process.on(signal, handlers.quit)
  stdout.on('resize', resized)
  if (stdin.isTTY) {
    stdin.setRawMode(true)
    stdin.on('data', keys)
    stdin.resume()
  }
  stdout.write(ENTER)

  return {
    release,
    /** @param {import('./screen').Line[]} lines @param {boolean} colours */
    draw (lines, colours) {
      const visible = lines.slice(0, Math.max(1, (stdout.rows ?? 24)))
      const frame = visible.map((line) => `${styleLine(line, colours)}\u001b[K`).join('\r\n')
      // A slow terminal skips frames.
      if (frame === last || stdout.writableNeedDrain) return
      last = frame
      stdout.write(`${BEGIN}\u001b[H${frame}\u001b[J${END}`)
    }
  }
}

/** @param {import('./screen').Line} line @param {boolean} colours */
function styleLine ({ text, tone, bold, soft }, colours) {
  if (!colours) return text
  const codes = [...(bold ? [1] : []), ...(soft ? [2] : []), ...(tone === undefined ? [] : [CODES[tone]])]
  return codes.length === 0 ? text : `\u001b[${codes.join(';')}m${text}\u001b[0m`
}

module.exports = { openScreen }
