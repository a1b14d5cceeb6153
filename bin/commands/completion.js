'use strict'

// Prints completion scripts, generated from the table of commands.

const MISUSE = 2
const SHELLS = { bash, zsh, fish }
const NAMES = Object.keys(SHELLS)

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether completion bash|zsh|fish',
  summary: 'Prints a completion script for a shell.',
  help: `  -h, --help  show this help

Examples:
  source <(bellwether completion bash)
  bellwether completion zsh > "\${fpath[1]}/_bellwether"
  bellwether completion fish > ~/.config/fish/completions/bellwether.fish

Exit code: 0 success, 2 misuse.`,
  options: {},
  positionals: 1,
  words: NAMES,
  run ({ positionals: [shell] }, out, commands) {
    if (!Object.hasOwn(SHELLS, shell ?? '')) {
      out.printError(`bellwether completion: the shell must be one of ${NAMES.join(', ')}, got ${shell === undefined ? 'none' : `'${shell}'`}\nUsage: ${command.usage}`)
      return MISUSE
    }
    out.print(SHELLS[/** @type {keyof typeof SHELLS} */ (shell)](entriesOf(commands)))
    return 0
  }
}

/** @typedef {{ name: string, summary: string, options: string[], words: string[] }} Entry */

/** @param {import('../bellwether').Commands} commands @returns {Entry[]} */
function entriesOf (commands) {
  return Object.entries(commands).map(([name, load]) => {
    const { summary, options = {}, words = [] } = load()
    return { name, summary, options: [...Object.keys(options), 'help'].map((option) => `--${option}`), words }
  })
}

/** Escapes a text within single quotes. @param {string} text */
const quoted = (text) => text.replaceAll("'", "'\\''")

/** @param {Entry[]} entries */
function bash (entries) {
  return `# bash completion for bellwether
_bellwether() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${entries.map(({ name }) => name).join(' ')} --help --version' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${entries.map(({ name, options, words }) => `    ${name}) options='${options.join(' ')}' words='${words.join(' ')}' ;;`).join('\n')}
    *) return ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _bellwether bellwether`
}

/** @param {Entry[]} entries */
function zsh (entries) {
  return `#compdef bellwether
_bellwether() {
  local -a commands options known
  commands=(
${entries.map(({ name, summary }) => `    '${name}:${quoted(summary.replaceAll(':', '\\:'))}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case "$words[2]" in
${entries.map(({ name, options, words }) => `    ${name}) options=(${options.join(' ')}) known=(${words.join(' ')}) ;;`).join('\n')}
    *) return ;;
  esac
  if [[ "$PREFIX" == -* ]]; then
    compadd -- $options
  else
    (( $#known )) && compadd -- $known
    _files
  fi
}
if [ "$funcstack[1]" = "_bellwether" ]; then _bellwether "$@"; else compdef _bellwether bellwether; fi`
}

/** @param {Entry[]} entries */
function fish (entries) {
  const lines = ['# fish completion for bellwether']
  for (const { name, summary, options, words } of entries) {
    lines.push(`complete -c bellwether -n __fish_use_subcommand -f -a ${name} -d '${summary.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`)
    for (const option of options) lines.push(`complete -c bellwether -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`)
    if (words.length > 0) lines.push(`complete -c bellwether -n '__fish_seen_subcommand_from ${name}' -a '${words.join(' ')}'`)
  }
  return lines.join('\n')
}

module.exports = command
