/** Starts, pauses and kills a real Redis on a free local port. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { freePort } from './free-port.ts'

/** Whether `redis-server` is on PATH. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

/** Declares tests that need Redis. Without Redis they are skipped, and their name says what to install. */
export function describeWithRedis(name: string, declare: () => void): void {
  if (hasRedis) describe(name, declare)
  else describe.skip(`${name} [SKIPPED: no redis-server on PATH; on Debian: apt-get install redis-server]`, declare)
}

/** A running Redis. */
export class TestRedis {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'callgather-redis-'))
  readonly #args: readonly string[]
  #process: ChildProcess | null = null

  private constructor(port: number, args: readonly string[]) {
    this.port = port
    this.#args = args
  }

  /** Starts a Redis without persistence. Arguments can override that. */
  static async start(...args: string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), args)
    await redis.start()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts Redis again on the same port and folder. */
  async start(): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const child = spawn('redis-server', [...fixed, '--save', '', '--appendonly', 'no', ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    let output = ''
    const isReady = () => output.includes('Ready to accept connections')
    for await (const text of child.stdout) {
      output += String(text)
      if (isReady()) break
    }
    if (!isReady()) throw new Error(`redis-server did not start:\n${output}`)
    child.stdout.resume()
  }

  /** Kills Redis with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Suspends Redis. Its connections stay open. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Runs one command with redis-cli. */
  cli(...command: string[]): string {
    const { stdout, stderr, status } = spawnSync('redis-cli', ['-p', String(this.port), ...command], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`redis-cli ${command[0]} failed: ${stderr}`)
    return stdout.trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Starts a cluster of three servers without replicas. */
export async function startCluster(): Promise<TestRedis[]> {
  const start = async () => TestRedis.start('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()))
  const servers = await Promise.all([start(), start(), start()])
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  servers[0]?.cli('--cluster', 'create', ...addresses, '--cluster-yes')
  for (const until = Date.now() + 30_000; ; ) {
    if (servers.every((server) => server.cli('CLUSTER', 'INFO').includes('cluster_state:ok'))) break
    if (Date.now() > until) throw new Error('The cluster was not ready within 30 seconds.')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return servers
}
