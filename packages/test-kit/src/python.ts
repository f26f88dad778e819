/** Runs Python programs in tests. */
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Returns a Python that has a package. Debian installs them as python3-requests, python3-aiohttp and python3-httpx. */
export const pythonWith = (name: string): string | undefined =>
  ['python3', '/usr/bin/python3'].find((command) => spawnSync(command, ['-c', `import ${name}`]).status === 0)

/** A Python with the `requests` package, or `undefined` without one. */
export const python = pythonWith('requests')
if (!python) console.warn('No Python with `requests` was found: the tests of Python programs are skipped.')

/** A command that the Python program sent, and its response. */
export interface SentCommand {
  name: string
  body: Record<string, unknown>
  status: number
  answer: { data?: Record<string, unknown>; errors?: unknown }
}

/** Sends the eight gather and AI commands to an answered call with Python's `requests`. */
export async function sendEightCommands(baseUrl: string, key: string, callId: string): Promise<SentCommand[]> {
  const script = fileURLToPath(new URL('eight-commands.py', import.meta.url))
  const { stdout } = await promisify(execFile)(python ?? 'python3', [script, baseUrl, key, callId])
  return JSON.parse(stdout)
}
