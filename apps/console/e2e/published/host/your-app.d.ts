/** The application of a reader, which the documents import from and do not show. */
import type { RequestListener } from 'node:http'
import type { GatherClient } from '@callgather/react'
import type { CallDetailRecord, GatherServer, GatherServerOptions } from '@callgather/server'
import type { QueryClient } from '@tanstack/react-query'

/** An application that answers requests. */
export declare const app: RequestListener
/** The agent who is signed in to the session of a request, and the calls that they may see; `null` without a session. */
export declare function sessionOf(request: {
  readonly headers: object
}): Promise<{ readonly agentId: string; readonly callIds: readonly string[] } | null>
/** A vault for card numbers. */
export declare const vault: { store(callId: string, value: unknown): Promise<void> }
/** Keeps a booking. */
export declare function save(booking: { readonly name: string; readonly day: string }): void
/** The console of an agent. */
export declare const Console: (props: { readonly callId: string }) => null
/** The client and the cache of the console. */
export declare const client: GatherClient
export declare const queryClient: QueryClient
/** Fetches a ticket from the application's back end. */
export declare function getTicket(): Promise<string>
/** Dials a number with Telnyx. */
export declare function dial(phoneNumber: string): Promise<void>
/** The CallGather server, and its options. */
export declare const gather: GatherServer
export declare const options: GatherServerOptions
/** A system that keeps the records of finished calls. */
export declare const crm: { upsert(id: string, revision: number, record: CallDetailRecord): Promise<void> }
