/** A line between clients and a server that can go wrong in the ways real lines do. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Half-open: both ends believe in the connection, and nothing passes. */
  dead: boolean
}

/** Forwards connections to a server, until told otherwise. */
export class FaultProxy {
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #target: number
  #partitioned = false
  /** What passes down to one client in a second, if that is limited. */
  #bytesPerSecond = Number.POSITIVE_INFINITY

  private constructor(target: number) {
    this.#target = target
    this.#listener = createServer((client) => this.#join(client))
  }

  /** A line to a port of this machine. */
  static async listen(target: number): Promise<FaultProxy> {
    const line = new FaultProxy(target)
    await new Promise<void>((resolve) => line.#listener.listen(0, '127.0.0.1', resolve))
    return line
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  /** Leads new connections elsewhere. */
  setTarget(target: number): void {
    this.#target = target
  }

  /** From now on, so much and no more passes from the server to a client in a second. */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Resets every connection, at both ends. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Every connection stays open at both ends and carries nothing any more; new ones work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.dead = true
  }

  /** Nothing passes, and nobody gets in, until it is mended. */
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
