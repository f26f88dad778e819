/** Starts the demo's programs and reads the line of JSON that each prints when it is ready. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** A program that is ready, and the JSON it printed. */
export interface StartedProgram<Ready> {
  readonly process: ChildProcess
  readonly ready: Ready
}

/**
 * Starts a Node program and waits for its line of JSON on standard output.
 * Rejects if it exits first, or prints nothing within `timeoutMs`.
 */
export async function startProgram<Ready>(
  file: string,
  args: string[],
  env: Record<string, string>,
  timeoutMs = 20_000,
): Promise<StartedProgram<Ready>> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const ready = await new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} was not ready within ${timeoutMs / 1000} s.`)), timeoutMs)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${file} exited with code ${code} before it was ready.`)))
    lines.once('line', (line) => {
      clearTimeout(timer)
      resolve(JSON.parse(line) as Ready)
    })
  })
  return { process: child, ready }
}

/** Returns the preferred port if it is free, else any free port. */
export async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}
