/**
 * A keep-alive connection that posts prepared bytes and reads as little of the answer as can be: a sender that costs
 * much would be what is measured, since it shares the machine with the server.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One request at a time. */
export class Connection {
  readonly #socket: Socket
  #came = ''
  #waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection.')))
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Sends a request as it is, and resolves with the status of the answer once all of it is there. */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('The server closed the connection.'))
        return
      }
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#came += text
    const headEnds = this.#came.indexOf('\r\n\r\n')
    if (headEnds < 0) return
    const head = this.#came.slice(0, headEnds)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    const whole =
      length === undefined ? this.#came.endsWith('0\r\n\r\n') : this.#came.length >= headEnds + 4 + Number(length)
    if (!whole) return
    this.#came = ''
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(Number(head.slice(9, 12)))
  }
}

/** The bytes of a POST. */
export function postOf(path: string, headers: Readonly<Record<string, string>>, body: Buffer): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
