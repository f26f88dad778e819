/** One agent, with the client that its kind of server expects; notes what it got, and when it had it. */
import { type CallFeed, createGatherClient } from '@callgather/react'
import { io, type Socket } from 'socket.io-client'
import { WebSocket } from 'ws'
import { newKeys } from './new-keys.ts'
import { serve } from './serve.ts'

export interface Watch {
  readonly kind: 'ws' | 'socket.io' | 'callgather'
  readonly port: number
  readonly calls: readonly string[]
  /** Of our own server. */
  readonly ticket?: string
}

let received: [id: string, nanos: bigint][] = []
let close = () => {}

const note = (id: string) => received.push([id, process.hrtime.bigint()])

export const abilities = {
  watch: async (watch: Watch) => {
    close()
    received = []
    close = await (watch.kind === 'ws'
      ? watchRaw(watch)
      : watch.kind === 'socket.io'
        ? watchRooms(watch)
        : watchUs(watch))
  },
  /** What came since this was last asked. */
  received: () => {
    const seen = received
    received = []
    return seen
  },
  count: () => received.length,
  close: () => {
    close()
  },
}
serve(abilities)

async function watchRaw({ port }: Watch): Promise<() => void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  socket.on('message', (data) => note((JSON.parse(String(data)) as { data: { id: string } }).data.id))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return () => socket.terminate()
}

async function watchRooms({ port, calls }: Watch): Promise<() => void> {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false, forceNew: true })
  socket.on('webhook', ({ data }: { data: { id: string } }) => note(data.id))
  await connected(socket)
  for (const call of calls) await socket.emitWithAck('watch', call)
  return () => {
    socket.close()
  }
}

/** The client that a page would use, down to the folded state. */
async function watchUs({ port, calls, ticket = '' }: Watch): Promise<() => void> {
  const client = createGatherClient({ url: `http://127.0.0.1:${port}`, getTicket: async () => ticket })
  await Promise.all(
    calls.map(
      (callId) =>
        new Promise<void>((resolve, reject) => {
          let known: CallFeed | null = null
          const onFeed = (feed: CallFeed) => {
            if (!feed.cursor || (known === null && feed.sync !== 'live')) return
            let seq = known?.cursor?.seq ?? feed.cursor.seq
            for (const id of known ? newKeys(known.state, feed.state) : []) {
              note(id)
              seq += 1
            }
            // What was no key has no id on the screen; its number tells it from the others.
            while (seq < feed.cursor.seq) note(`${callId} ${++seq}`)
            known = feed
            resolve()
          }
          client.watch(callId, { onFeed }).catch(reject)
        }),
    ),
  )
  return () => client.close()
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
}
