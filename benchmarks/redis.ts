/** A Redis of our own for the time of a benchmark, as durable as Redis can be: synced before each answer. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'

export interface Redis {
  readonly url: string
  readonly pid: number
  /** CPU time it has spent, in µs. */
  cpu(): number
  /** What it holds, in bytes. */
  memory(): number
  stop(): Promise<void>
}

/** Whether there is a Redis on this machine to run. */
export const hasRedis = (): boolean => existsSync('/usr/bin/redis-server')

/** Starts one that keeps its files in `folder`; `everysec` does not wait for the disk, and may lose a second. */
export async function startRedis(folder: string, sync: 'always' | 'everysec' = 'always'): Promise<Redis> {
  if (!hasRedis()) throw new Error('This benchmark needs Redis: apt-get install redis-server.')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes']
  const child = spawn('/usr/bin/redis-server', [...flags, '--appendfsync', sync], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended: ${code}.`)))
    child.stdout.on('data', (text) => String(text).includes('Ready to accept') && resolve())
  })
  const info = (section: string, field: string): number => {
    const { stdout } = spawnSync('redis-cli', ['-u', url, 'INFO', section], { encoding: 'utf8' })
    return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(stdout)?.[1] ?? Number.NaN)
  }
  return {
    url,
    pid: child.pid ?? 0,
    cpu: () => (info('cpu', 'used_cpu_user') + info('cpu', 'used_cpu_sys')) * 1e6,
    memory: () => info('memory', 'used_memory'),
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
