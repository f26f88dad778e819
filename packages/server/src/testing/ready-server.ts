/** The ready server as a process of its own: so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url))

/** A running `callgather-server`. */
export class ReadyServer {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#process = child
    this.url = url
  }

  /** Starts one, configured by its environment, and waits until it says where it is. */
  static async start(environment: Readonly<Record<string, string>>): Promise<ReadyServer> {
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=callgather:source', CLI], {
      env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'error', TELNYX_API_KEY: 'KEY-test', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const { url } = JSON.parse(line) as { url: string }
      return new ReadyServer(child, url)
    }
    throw new Error(`callgather-server ended with ${child.exitCode} before it was ready.`)
  }

  /** Where sockets connect. */
  get origin(): string {
    return new URL(this.url).origin
  }

  /** Ends it by a signal, and waits until it has ended. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill(signal)
    await ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
