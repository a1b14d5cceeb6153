// Elements are made, never parsed: a text stays a text, whoever wrote it.

import { clean } from './format.mjs'

const SVG = 'http://www.w3.org/2000/svg'

/** @param {string} tag @param {Record<string, unknown>} [attributes] @param {...(Node | string | undefined)} inside */
export function el (tag, attributes = {}, ...inside) {
  return filled(document.createElement(tag), attributes, inside)
}

/** @param {string} tag @param {Record<string, unknown>} [attributes] @param {...(Node | string | undefined)} inside */
export function svg (tag, attributes = {}, ...inside) {
  return filled(document.createElementNS(SVG, tag), attributes, inside)
}

function filled (element, attributes, inside) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, String(value))
  element.append(...inside.filter((one) => one !== undefined))
  return element
}

/** Somebody else's name: it turns no line around, and keeps to itself. */
export function name (text, most) {
  const short = clean(text, most)
  return el('bdi', short === text ? {} : { title: clean(text, 1_000) }, short)
}

export function tag (words, tone) {
  return el('span', { class: 'tag', 'data-tone': tone }, words)
}

const shown = new WeakMap()

/** Renews what an element holds if it shows something else than before, so that who reads or selects is not disturbed. */
export function renew (element, what, make) {
  const key = JSON.stringify(what)
  if (shown.get(element) === key) return
  shown.set(element, key)
  element.replaceChildren(...make())
}

export function say (id, text) {
  const element = document.getElementById(id)
  if (element.textContent !== text) element.textContent = text
}
