/** The application of a reader, which the documents import from and do not show. */
import type { RequestListener } from 'node:http'

/** An application that answers requests. */
export declare const app: RequestListener
/** The calls that a signed-in agent may see. */
export declare function callsOf(agentId: string): Promise<string[]>
/** The id of the agent whose session a request belongs to. */
export declare function agentOf(request: { readonly headers: object }): Promise<string>
/** A vault for card numbers. */
export declare const vault: { store(callId: string, value: unknown): Promise<void> }
/** Keeps a booking. */
export declare function save(booking: { readonly name: string; readonly day: string }): void
/** The console of an agent. */
export declare const Console: (props: { readonly callId: string }) => null
