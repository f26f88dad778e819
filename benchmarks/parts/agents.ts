/** A hundred agents, each with the client that a page uses, all in one process. They come and go, and lose nothing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CallFeed, createGatherClient, type GatherClient } from '@callgather/react'
import { newKeys } from './new-keys.ts'
import { screenOf } from './screen.ts'
import { serve } from './serve.ts'

export interface Agents {
  readonly port: number
  readonly tickets: readonly string[]
}

interface Agent {
  readonly ticket: string
  client: GatherClient
  /** What each watched call was last known as; kept over a reconnection, as a page would keep it. */
  readonly feeds: Map<string, CallFeed>
  leave: AbortController
}

let agents: Agent[] = []
let port = 0
let received: [id: string, nanos: bigint][] = []
let reconnections = 0

export const abilities = {
  begin: (options: Agents) => {
    port = options.port
    agents = options.tickets.map((ticket) => ({
      ticket,
      client: clientOf(ticket),
      feeds: new Map(),
      leave: new AbortController(),
    }))
  },
  /** Every agent leaves what it watched; agent n watches the nth of the lists. Resolves when all of it is live. */
  watch: async (calls: readonly (readonly string[])[]) => {
    received = []
    await Promise.all(
      agents.map((agent, nth) => {
        agent.leave.abort()
        agent.leave = new AbortController()
        agent.feeds.clear()
        return Promise.all((calls[nth] ?? []).map((callId) => watch(agent, callId)))
      }),
    )
  },
  /** One agent's connection is lost, and it comes back with another. */
  reconnect: async (nth: number) => {
    const agent = agents[nth % agents.length]
    if (!agent) return
    reconnections += 1
    agent.leave.abort()
    agent.client.close()
    await sleep(200)
    agent.leave = new AbortController()
    agent.client = clientOf(agent.ticket)
    await Promise.all([...agent.feeds.keys()].map((callId) => watch(agent, callId)))
  },
  received: () => received,
  /** How many watched calls there are, and how many of them show something else than their log says. */
  compare: (expected: ReadonlyMap<string, string>) => {
    const shown = agents.flatMap(({ feeds }) => [...feeds])
    const wrong = shown.filter(([callId, { state }]) => screenOf(state) !== expected.get(callId))
    return { watches: shown.length, wrong: wrong.length, reconnections }
  },
}
serve(abilities)

const clientOf = (ticket: string) =>
  createGatherClient({ url: `http://127.0.0.1:${port}`, getTicket: async () => ticket })

function watch(agent: Agent, callId: string): Promise<void> {
  const resume = agent.feeds.get(callId)
  return new Promise((resolve, reject) => {
    let known: CallFeed | null = null
    const onFeed = (feed: CallFeed) => {
      agent.feeds.set(callId, feed)
      if (feed.sync !== 'live') return
      // What is caught up on was late through no fault of the relay; what comes after that is timed.
      if (known) for (const id of newKeys(known.state, feed.state)) received.push([id, process.hrtime.bigint()])
      known = feed
      resolve()
    }
    agent.client.watch(callId, { onFeed, resume, signal: agent.leave.signal }).catch(reject)
  })
}
