/** A TCP proxy that injects network faults between clients and a server. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Half-open: the connection stays open at both ends but carries no data. */
  dead: boolean
}

/** Forwards connections to a server, and resets, throttles or blocks them on request. */
export class FaultProxy {
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #target: number
  #partitioned = false
  /** The limit for data from the server to each client. */
  #bytesPerSecond = Number.POSITIVE_INFINITY

  private constructor(target: number) {
    this.#target = target
    this.#listener = createServer((client) => this.#join(client))
  }

  /** Listens on a free port and forwards to a local port. */
  static async listen(target: number): Promise<FaultProxy> {
    const line = new FaultProxy(target)
    await new Promise<void>((resolve) => line.#listener.listen(0, '127.0.0.1', resolve))
    return line
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  /** Forwards new connections to another local port. */
  setTarget(target: number): void {
    this.#target = target
  }

  /** Limits the data that each client receives per second. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Resets every connection at both ends. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Stops the data of all current connections without closing them. New connections work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.dead = true
  }

  /** Stops the data of all current and new connections until `mend()`. */
  partition(): void {
    this.#partitioned = true
    this.halfOpen()
  }

  mend(): void {
    this.#partitioned = false
    this.reset()
  }

  async close(): Promise<void> {
    this.reset()
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #join(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    const pair: Pair = { client, server, dead: this.#partitioned }
    this.#pairs.add(pair)
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => {
        if (pair.dead) return
        to.write(bytes)
        if (to !== client || this.#bytesPerSecond === Number.POSITIVE_INFINITY) return
        from.pause()
        setTimeout(() => from.resume(), (bytes.length / this.#bytesPerSecond) * 1000)
      })
      from.on('error', () => {})
      from.on('close', () => {
        if (!pair.dead) to.destroy()
        if (client.destroyed && server.destroyed) this.#pairs.delete(pair)
      })
    }
    forward(client, server)
    forward(server, client)
  }
}
