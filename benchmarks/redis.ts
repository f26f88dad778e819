/** A Redis of our own for the time of a benchmark, as durable as Redis can be: synced before each answer. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'

export interface Redis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Whether there is a Redis on this machine to run. */
export const hasRedis = (): boolean => existsSync('/usr/bin/redis-server')

/** Starts one that keeps its files in `folder`. */
export async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort()
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes']
  const child = spawn('/usr/bin/redis-server', [...flags, '--appendfsync', 'always'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended: ${code}.`)))
    child.stdout.on('data', (text) => String(text).includes('Ready to accept') && resolve())
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
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
