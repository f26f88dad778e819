/** Runs agents with the client of each kind of server, and records what they receive and when. */
import { once, setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { type CallFeed, createGatherClient } from '@callgather/react'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { screenOf } from './observe.ts'
import { serve } from './serve.ts'

export interface Watchers {
  readonly kind: 'ws' | 'socket.io' | 'callgather'
  readonly port: number
  /** One agent each. */
  readonly tickets: readonly string[]
  /** Whether agents of our server only count its messages, so that one process can run thousands. */
  readonly isBare?: boolean
}

interface Agent {
  /** Replaces the watched calls. Resolves when all new ones are live. */
  watch(calls: readonly string[]): Promise<void>
  watchList?(): Promise<void>
  /** Drops the connection and reconnects. */
  reconnect?(): Promise<void>
  readonly feeds?: ReadonlyMap<string, CallFeed>
  close(): void
}

let agents: Agent[] = []
let received: [id: string, nanos: bigint][] = []
let count = 0
let bytes = 0

export const abilities = {
  begin: ({ kind, port, tickets, isBare }: Watchers) => {
    close()
    const open = kind === 'ws' ? frameAgent : kind === 'callgather' && !isBare ? ourAgent : roomAgent
    agents = tickets.map((ticket) => open(`127.0.0.1:${port}`, ticket))
  },
  /** Every agent watches these calls, or agent n the nth of the lists. */
  watch: async (lists: readonly (readonly string[])[]) => {
    received = []
    count = 0
    bytes = 0
    // More handshakes at once would wait in the queue of the server's socket.
    for (let first = 0; first < agents.length; first += 50) {
      const some = agents.slice(first, first + 50)
      await Promise.all(some.map((agent, nth) => agent.watch(lists[(first + nth) % lists.length] ?? [])))
    }
  },
  /** Every agent watches the list of calls. */
  watchList: async () => {
    await Promise.all(agents.map(async (agent) => agent.watchList?.()))
  },
  reconnect: (nth: number) => agents[nth % agents.length]?.reconnect?.(),
  /** The ids of the keys that came, with the moment. */
  received: () => received,
  /** How many events came; for bare agents and peers, how many messages, of how many bytes. */
  arrived: () => ({ count, bytes }),
  /** Counts the watched calls whose state differs from their log. */
  wrong: (expected: ReadonlyMap<string, string>): number =>
    agents.flatMap(({ feeds = [] }) => [...feeds]).filter(([id, { state }]) => screenOf(state) !== expected.get(id))
      .length,
  close: () => close(),
}
serve(abilities)

function close(): void {
  for (const agent of agents) agent.close()
  agents = []
}

const note = (id: string) => received.push([id, process.hrtime.bigint()])

/** Ends any number of watches. */
function newLeaving(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

/** The client that a page would use, down to the folded state. */
function ourAgent(host: string, ticket: string): Agent {
  const connect = () => createGatherClient({ url: `http://${host}`, getTicket: async () => ticket })
  let client = connect()
  let leaving = newLeaving()
  const feeds = new Map<string, CallFeed>()
  const watchOne = (callId: string) =>
    new Promise<void>((resolve, reject) => {
      const resume = feeds.get(callId)
      const seen = new Set<string>()
      let known: CallFeed | null = null
      const onFeed = (feed: CallFeed) => {
        feeds.set(callId, feed)
        if (feed.sync !== 'live' || !feed.cursor) return
        // Keys are in the order in which they were pressed, which is not always the order in which they came.
        for (let nth = known ? feed.state.keys.sharedPrefix(known.state.keys) : 0; nth < feed.state.keys.size; nth++) {
          const id = feed.state.keys.at(nth)?.id ?? ''
          // Ignore events from the first snapshot or a catch-up, whose delay is not the relay's.
          if (known && !seen.has(id)) note(id)
          seen.add(id)
        }
        if (known?.cursor) count += feed.cursor.seq - known.cursor.seq
        known = feed
        resolve()
      }
      client.watch(callId, { onFeed, resume, signal: leaving.signal }).catch(reject)
    })
  const watchAll = async (calls: Iterable<string>) => {
    await Promise.all([...calls].map(watchOne))
  }
  return {
    feeds,
    watch: (calls) => {
      leaving.abort()
      leaving = newLeaving()
      feeds.clear()
      return watchAll(calls)
    },
    watchList: () =>
      new Promise((resolve, reject) => {
        const onCalls = ({ sync }: { sync: string }) => sync === 'live' && resolve()
        client.watchCalls({ onCalls, signal: leaving.signal }).catch(reject)
      }),
    reconnect: async () => {
      leaving.abort()
      client.close()
      await sleep(200)
      leaving = newLeaving()
      client = connect()
      await watchAll(feeds.keys())
    },
    close: () => client.close(),
  }
}

/** A plain socket.io client, in the room of each call. With a ticket, of our server. */
function roomAgent(host: string, ticket: string): Agent {
  const isOurs = ticket !== ''
  const own = isOurs ? { path: '/callgather/socket.io', auth: { ticket, protocol: PROTOCOL_VERSION } } : {}
  const plain = { transports: ['websocket'], reconnection: false, forceNew: true, autoConnect: false }
  const socket = io(`http://${host}`, { ...plain, ...own })
  const start = `2["${isOurs ? 'call:event' : 'webhook'}"`
  socket.on('webhook', ({ data }: { data: { id: string } }) => note(data.id))
  return {
    watch: async (calls) => {
      // The packet type adds one character.
      socket.connect().io.engine.on('packet', ({ data }) => String(data).startsWith(start) && take(`4${data}`))
      for (const call of calls) {
        const [name, wanted] = isOurs ? ['call:watch', { call_id: call }] : ['watch', call]
        const reply: { readonly ok: boolean } | undefined = await socket
          .timeout(30_000)
          .emitWithAck(String(name), wanted)
        if (isOurs && !reply?.ok) throw new Error(`The watch was refused: ${JSON.stringify(reply)}`)
      }
    },
    close: () => {
      socket.close()
    },
  }
}

/** A websocket that gets every message of its server. */
function frameAgent(host: string): Agent {
  const socket = new WebSocket(`ws://${host}`, { perMessageDeflate: false })
  const opened = once(socket, 'open')
  socket.on('message', take)
  return {
    watch: async () => {
      await opened
    },
    close: () => socket.terminate(),
  }
}

function take(message: string | Buffer): void {
  count += 1
  bytes += Buffer.byteLength(message)
}
