import type { Command } from 'commander';

/**
 * A completion script for bash, made from the declared commands: names of commands and options.
 */
export function bashCompletion(program: Command): string {
  const cases = pathsOf(program, '').map(([path, command]) => {
    const words = [...command.commands.map((child) => child.name()), ...command.options.map(({ long }) => long ?? '')];
    return `    '${path}') words='${words.join(' ')}' ;;`;
  });
  return [
    '_sendoff() {',
    "  local path='' word words=''",
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    [[ $word == -* ]] || path="$path $word"',
    '  done',
    '  path="${path# }"',
    '  # Arguments follow the names of commands: forget words until a command is left.',
    '  while :; do',
    '    case "$path" in',
    ...cases.map((line) => `  ${line}`),
    '    esac',
    '    [[ -n $words || -z $path ]] && break',
    '    [[ $path == *" "* ]] && path="${path% *}" || path=\'\'',
    '  done',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")',
    '}',
    'complete -o default -F _sendoff sendoff',
  ].join('\n');
}

function pathsOf(command: Command, path: string): (readonly [path: string, command: Command])[] {
  return [[path, command], ...command.commands.flatMap((child) => pathsOf(child, `${path} ${child.name()}`.trim()))];
}
