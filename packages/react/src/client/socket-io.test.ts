// @vitest-environment node
/** Against the real server: `against-the-server.test.ts`. Here is what a real server seldom does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSocketIo, type WebSocketLike } from './socket-io.ts'

class FakeSocket implements WebSocketLike {
  static last: FakeSocket
  readonly sent: string[] = []
  closed = false
  readonly #listeners = new Map<string, (event: { data: unknown }) => void>()
  readonly url: string
  constructor(url: string) {
    this.url = url
    FakeSocket.last = this
  }
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.#listeners.set(type, listener)
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close(): void {
    this.closed = true
  }
  happens(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ data })
  }
  says(data: unknown): void {
    this.happens('message', data)
  }
}

const open = () => {
  const told: unknown[] = []
  const io = openSocketIo(
    { url: 'ws://here', auth: { ticket: 't' }, millis: 8_000, WebSocket: FakeSocket },
    {
      connected: () => told.push('connected'),
      event: (name, argument) => told.push([name, argument]),
      refused: (data) => told.push({ refused: data }),
      closed: (by) => told.push({ closed: by }),
    },
  )
  return { io, told, server: FakeSocket.last }
}

const hello = '0{"sid":"a","upgrades":[],"pingInterval":10000,"pingTimeout":8000,"maxPayload":65536}'

const connected = () => {
  const opened = open()
  opened.server.says(hello)
  opened.server.says('40{"sid":"b"}')
  return opened
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a connection by socket.io', () => {
  it('shows its ticket once the server has said hello, and is connected when that was accepted', () => {
    const { server, told } = open()
    expect(server.sent).toEqual([])
    server.says(hello)
    expect(server.sent).toEqual(['40{"ticket":"t"}'])
    expect(told).toEqual([])
    server.says('40{"sid":"b"}')
    expect(told).toEqual(['connected'])
  })

  it('is lost when the server does not answer in time: to its opening, to its ticket, or later without a ping', () => {
    for (const packets of [[], [hello]]) {
      const { server, told } = open()
      for (const packet of packets) server.says(packet)
      vi.advanceTimersByTime(7_999)
      expect(told).toEqual([])
      vi.advanceTimersByTime(1)
      expect(told).toEqual([{ closed: 'loss' }])
      expect(server.closed).toBe(true)
    }
    const { server, told } = connected()
    vi.advanceTimersByTime(17_000)
    server.says('2')
    expect(server.sent.at(-1)).toBe('3')
    vi.advanceTimersByTime(17_999)
    expect(told).toEqual(['connected'])
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['connected', { closed: 'loss' }])
  })

  it('says why it was refused, and closes', () => {
    const { server, told } = open()
    server.says(hello)
    server.says('44{"message":"Authentication failed","data":{"status":401}}')
    server.happens('close')
    expect(told).toEqual([{ refused: { status: 401 } }])
    expect(server.closed).toBe(true)
  })

  it('tells a server that closed it from a line that was lost', () => {
    const byServer = connected()
    byServer.server.says('41')
    byServer.server.happens('close')
    expect(byServer.told).toEqual(['connected', { closed: 'server' }])
    const byLoss = connected()
    byLoss.server.happens('error')
    byLoss.server.happens('close')
    expect(byLoss.told).toEqual(['connected', { closed: 'loss' }])
  })

  it('hands over events, and each answer to whoever asked', () => {
    const { io, server, told } = connected()
    const answers: unknown[] = []
    io.ask('one', { a: 1 }, (error, reply) => answers.push(['one', error, reply]))
    io.ask('two', {}, (error, reply) => answers.push(['two', error, reply]))
    io.emit('three', { b: '"[' })
    expect(server.sent.slice(1)).toEqual(['420["one",{"a":1}]', '421["two",{}]', '42["three",{"b":"\\"["}]'])
    server.says('431[{"ok":true}]')
    server.says('431[{"ok":"again"}]')
    server.says('42["call:head",{"heads":["\\n"]}]')
    server.says('430[7]')
    expect(answers).toEqual([
      ['two', null, { ok: true }],
      ['one', null, 7],
    ])
    expect(told.slice(1)).toEqual([['call:head', { heads: ['\n'] }]])
  })

  it('answers with an error what was not answered in time, and what cannot be answered any more', () => {
    const { io, server } = connected()
    const errors: (Error | null)[] = []
    const ask = () => io.ask('call:watch', {}, (error) => errors.push(error))
    ask()
    vi.advanceTimersByTime(8_000)
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('in time') })])
    server.says('430[1]')
    ask()
    io.close()
    ask()
    expect(errors).toHaveLength(3)
    expect(errors).not.toContain(null)
  })

  it('is silent after it was closed, whatever the line still says', () => {
    const { io, server, told } = connected()
    io.close()
    server.says('42["call:head",{}]')
    server.happens('close')
    vi.advanceTimersByTime(60_000)
    io.emit('late', {})
    expect(told).toEqual(['connected'])
    expect(server.sent).toHaveLength(1)
  })

  it.each(['', '9', '42nonsense', '43', '4', '2probe', '0', 'null'])('outlives the strange packet %j', (packet) => {
    const { server, told } = connected()
    server.says(packet)
    server.says('42["call:head",1]')
    expect(told).toEqual(['connected', ['call:head', 1]])
  })

  it('gives up a line that speaks in bytes', () => {
    const { server, told } = connected()
    server.says(new ArrayBuffer(2))
    expect(told).toEqual(['connected', { closed: 'loss' }])
  })
})
