'use strict'

// The types of Anthropic's and Google's SDKs describe their wire formats. The compiler checks literals against them: a
// field that a type does not name is an error, too.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '../..')
const TSC = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

const HEAD = `
import type { MessageCreateParams, Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages'
import type * as google from '@google/genai'

// JSON has no enums, bytes or getters: the words of an enum stand for it.
type Wire<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Wire<U>[] : T extends object ? { [K in keyof T]: Wire<T[K]> } : T

type AnthropicRequest = MessageCreateParams
// The version 2023-06-01 of the API takes what today's types have no more.
type OlderAnthropicRequest = MessageCreateParams & { temperature?: number, top_p?: number, top_k?: number }
type AnthropicAnswer = Message
type AnthropicEvent = RawMessageStreamEvent
// GenerateContentParameters is what programs write; these are the pieces that the SDK makes its body of.
type GoogleRequest = Wire<{
  contents: google.Content[]
  generationConfig?: google.GenerationConfig
} & Pick<google.GenerateContentConfig, 'safetySettings' | 'toolConfig' | 'cachedContent' | 'labels' | 'serviceTier'>
  & { tools?: google.Tool[], systemInstruction?: google.Content }>
type GoogleAnswer = Wire<Pick<google.GenerateContentResponse, 'candidates' | 'usageMetadata' | 'promptFeedback' | 'modelVersion' | 'responseId' | 'createTime'>>
`

/** @typedef {'AnthropicRequest' | 'OlderAnthropicRequest' | 'AnthropicAnswer' | 'AnthropicEvent' | 'GoogleRequest' | 'GoogleAnswer'} Type */

/**
 * Returns the compiler's message for each literal that does not fit its type: `{ [name]: message }`.
 * @param {import('node:test').TestContext} t
 * @param {{ name: string, type: Type, value: unknown }[]} literals
 */
function typeMistakes (t, literals) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-typed-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction')
  const head = HEAD.split('\n')
  // One literal per line, so that a line identifies the literal.
  const lines = literals.map(({ type, value }, i) => `export const literal${i}: ${type} = ${JSON.stringify(value)}`)
  fs.writeFileSync(path.join(folder, 'literals.ts'), [...head, ...lines].join('\n'))
  const args = ['--strict', '--noEmit', '--skipLibCheck', '--pretty', 'false', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', 'literals.ts']
  const { stdout, stderr } = spawnSync(process.execPath, [TSC, ...args], { encoding: 'utf8', cwd: folder })
  /** @type {Record<string, string>} */
  const mistakes = {}
  let name = ''
  for (const line of `${stdout}${stderr}`.split('\n').filter(Boolean)) {
    const at = /^literals\.ts\((\d+),/.exec(line)?.[1]
    if (at !== undefined) name = literals[Number(at) - head.length - 1]?.name ?? 'the types themselves'
    else if (name === '') name = 'the compiler'
    mistakes[name] = `${mistakes[name] ?? ''}${line}\n`
  }
  return mistakes
}

module.exports = { typeMistakes }
