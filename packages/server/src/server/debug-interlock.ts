/**
 * Debug switches of libraries print whole frames and bodies before masking. With masked gathers configured, the server
 * refuses to start while such a switch is on.
 */

/** The `debug` namespaces of our libraries. Their output contains frames, bodies and tickets. */
const DEBUG_NAMES = [
  'engine',
  'engine:polling',
  'engine:socket',
  'engine:transport',
  'engine:uws',
  'engine:webtransport',
  'engine:ws',
  'socket.io:adapter-uws',
  'socket.io:broadcast-operator',
  'socket.io:client',
  'socket.io:namespace',
  'socket.io:parent-namespace',
  'socket.io:server',
  'socket.io:socket',
  'socket.io-adapter',
  'socket.io-parser',
  'ws',
] as const

/** The `NODE_DEBUG` sections of Node.js that print network traffic. */
const NODE_DEBUG_NAMES = ['fetch', 'http', 'http2', 'https', 'net', 'stream', 'tls', 'undici', 'websocket'] as const

/** The environment variables that enable debug output, each with a check whether its value prints sensitive input. */
const switches: readonly { readonly name: string; readonly prints: (value: string) => boolean }[] = [
  { name: 'TELNYX_LOG', prints: (value) => /debug|info/i.test(value) },
  { name: 'DEBUG', prints: (value) => DEBUG_NAMES.some((name) => isDebugged(name, value)) },
  { name: 'NODE_DEBUG', prints: (value) => NODE_DEBUG_NAMES.some((name) => isNodeDebugged(name, value)) },
]

/** Whether a value of `DEBUG` enables a name. The package `debug` reads a list, with `*` for anything and `-` to skip. */
export function isDebugged(name: string, value: string): boolean {
  const patterns = value.split(/[\s,]+/).filter((pattern) => pattern !== '')
  const skipped = patterns.filter((pattern) => pattern.startsWith('-')).map((pattern) => pattern.slice(1))
  const wanted = patterns.filter((pattern) => !pattern.startsWith('-'))
  const has = (list: readonly string[]) => list.some((pattern) => wildcard(pattern, '').test(name))
  return has(wanted) && !has(skipped)
}

/** Whether `NODE_DEBUG` enables a section of Node.js. It is a case-insensitive list, with `*` for anything. */
function isNodeDebugged(name: string, value: string): boolean {
  return value.split(',').some((pattern) => wildcard(pattern.trim(), 'i').test(name))
}

const wildcard = (pattern: string, flags: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[|\\{}()[\]^$+?.]/g, '\\$&').replaceAll('*', '.*')}$`, flags)

/**
 * @throws when a debug switch is on. The message names the switch.
 */
export function refuseDebugSwitches(environment: Readonly<Record<string, string | undefined>>): void {
  const on = switches.filter(({ name, prints }) => prints(environment[name] ?? '')).map(({ name }) => name)
  if (on.length === 0) return
  throw new Error(
    `${on.join(' and ')} would print the input of masked gathers. Unset ${on.length > 1 ? 'them' : 'it'}, or, on a ` +
      'machine without real calls, set `unsafeDebug: true`.',
  )
}
