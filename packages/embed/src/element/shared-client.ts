/** One client, cache and event subscription for all elements with the same server and the same `getTicket`. */
import type { HostEvent } from '@callgather/protocol'
import { createGatherClient, type GatherClient, type GetTicket, subscribeHostEvents } from '@callgather/react'
import { QueryClient } from '@tanstack/react-query'

/** How long an unused client stays open, so that a host can replace one element by another without a reconnect. */
const CLOSE_DELAY_MS = 1_000

/** The server and the agent of an element. */
export interface ClientKey {
  readonly url: string
  readonly basePath: string | undefined
  readonly getTicket: GetTicket
}

/** An element's share of a client. */
export interface ClientLease {
  readonly client: GatherClient
  readonly queryClient: QueryClient
  /** Whether the client is the one of this server and agent. */
  isFor(key: ClientKey): boolean
  /** Ends the share. The client closes after its last share has ended. */
  release(): void
}

type Listener = (event: HostEvent) => unknown

class SharedClient {
  readonly client: GatherClient
  readonly queryClient = new QueryClient()
  readonly #listeners = new Set<Listener>()
  readonly #stopEvents: () => void
  readonly #onClose: () => void
  #closing: ReturnType<typeof setTimeout> | undefined

  constructor({ url, basePath, getTicket }: ClientKey, onClose: () => void) {
    this.client = createGatherClient({ url, getTicket, ...(basePath === undefined ? {} : { basePath }) })
    this.#onClose = onClose
    this.#stopEvents = subscribeHostEvents(this.client, this.queryClient, (event) => {
      for (const listener of [...this.#listeners]) listener(event)
    })
  }

  lease(key: ClientKey, listener: Listener): ClientLease {
    clearTimeout(this.#closing)
    this.#listeners.add(listener)
    return {
      client: this.client,
      queryClient: this.queryClient,
      isFor: ({ url, basePath, getTicket }) =>
        url === key.url && basePath === key.basePath && getTicket === key.getTicket,
      release: () => {
        if (this.#listeners.delete(listener) && this.#listeners.size === 0)
          this.#closing = setTimeout(() => this.#close(), CLOSE_DELAY_MS)
      },
    }
  }

  #close(): void {
    this.#onClose()
    this.#stopEvents()
    // The agent may only have left a page of the application, so drafts stay.
    this.client.close({ keepDrafts: true })
    this.queryClient.clear()
  }
}

/** The clients by the function that fetches their tickets, because two functions may stand for two agents. */
const clients = new WeakMap<GetTicket, Map<string, SharedClient>>()

/** Returns a share of the client of a server and agent. Throws if the address of the server cannot be used. */
export function acquireClient(key: ClientKey, listener: Listener): ClientLease {
  const ofAgent = clients.get(key.getTicket) ?? new Map<string, SharedClient>()
  clients.set(key.getTicket, ofAgent)
  const address = JSON.stringify([key.url, key.basePath])
  const shared = ofAgent.get(address) ?? new SharedClient(key, () => ofAgent.delete(address))
  ofAgent.set(address, shared)
  return shared.lease(key, listener)
}
