/** Runs a server in its own process, so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process'

/** Returns the Node.js arguments that run a program from its sources. */
export const nodeArguments = (program: string) => ['--import', 'tsx', '--conditions=callgather:source', program]

/** A running server. */
export interface RunningProgram {
  /** The line of JSON that the server prints when it is ready. */
  readonly ready: { readonly url: string; readonly webhooks: string }
  readonly pid: number
  /** Returns the server's standard error output. */
  log(): string
  /** Sends a signal and resolves to the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server from its sources. Rejects with its error output when it exits before it is ready. */
export async function startProgram(
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningProgram> {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, nodeArguments(program), {
    env: { PATH, CALLGATHER_GRACE_SECONDS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  const ready = await firstLine(child, () => written)
  const end = (signal: NodeJS.Signals) =>
    new Promise<number | null>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode)
      child.once('exit', (code) => resolve(code))
      child.kill(signal)
    })
  return {
    ready: JSON.parse(ready) as RunningProgram['ready'],
    pid: child.pid ?? 0,
    log: () => written,
    end,
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  }
}

function firstLine(child: ChildProcess, written: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('exit', (code) =>
      reject(new Error(`The server exited with code ${code} before it was ready: ${written()}`)),
    )
    child.once('error', reject)
  })
}
