/**
 * Refuses to keep a secret beside an open door: libraries' debug switches print whole frames and bodies, past every mask
 * of ours. Where sensitive gathers are configured, the server does not start with one of them on.
 */

/** Switches, and when they print what must not be printed. */
const switches: readonly { readonly name: string; readonly prints: (value: string) => boolean }[] = [
  { name: 'TELNYX_LOG', prints: (value) => /debug|info/i.test(value) },
  { name: 'DEBUG', prints: (value) => /(^|[\s,])(\*|socket\.io|engine|ws\b)/i.test(value) },
  { name: 'NODE_DEBUG', prints: (value) => /http|net|tls|stream|undici|fetch/i.test(value) },
]

/**
 * @throws when a switch is on. The message names it.
 */
export function refuseDebugSwitches(environment: Readonly<Record<string, string | undefined>>): void {
  const on = switches.filter(({ name, prints }) => prints(environment[name] ?? '')).map(({ name }) => name)
  if (on.length === 0) return
  throw new Error(
    `${on.join(' and ')} would print what callers enter in confidence. Unset ${on.length > 1 ? 'them' : 'it'}, or, on a ` +
      'machine without real calls, set `unsafeDebug: true`.',
  )
}
