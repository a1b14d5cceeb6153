// Creates elements without parsing HTML, so that names and messages stay text.

import { sanitize } from './format.mjs'

const SVG = 'http://www.w3.org/2000/svg'

/** @param {string} tagElement @param {Record<string, unknown>} [attributes] @param {...(Node | string | undefined)} inside */
export function createElement (tag, attributes = {}, ...inside) {
  return withContent(document.createElement(tag), attributes, inside)
}

/** @param {string} tagElement @param {Record<string, unknown>} [attributes] @param {...(Node | string | undefined)} inside */
export function createSvg (tag, attributes = {}, ...inside) {
  return withContent(document.createElementNS(SVG, tag), attributes, inside)
}

function withContent (element, attributes, inside) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, String(value))
  element.append(...inside.filter((one) => one !== undefined))
  return element
}

/** Shows a name from outside, isolated against bidirectional text. */
export function nameElement (text, most) {
  const short = sanitize(text, most)
  return createElement('bdi', short === text ? {} : { title: sanitize(text, 1_000) }, short)
}

export function tagElement (words, tone) {
  return createElement('span', { class: 'tag', 'data-tone': tone }, words)
}

const shownKeys = new WeakMap()

/** Replaces the content of an element if it has changed, so that focus and selection are kept. */
export function replaceContent (element, content, make) {
  const key = JSON.stringify(content)
  if (shownKeys.get(element) === key) return
  shownKeys.set(element, key)
  element.replaceChildren(...make())
}

export function setText (id, text) {
  const element = document.getElementById(id)
  if (element.textContent !== text) element.textContent = text
}
