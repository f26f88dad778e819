/** A simulator for tests. It verifies signatures with the official SDK and checks every event against the contract. */

import { expectContract } from '@callgather/test-kit/telnyx-contract'
import Telnyx from 'telnyx'
import {
  createSimulator,
  type Simulator,
  type SimulatorOptions,
  type VirtualClock,
  virtualClock,
  type WebhookEvent,
} from '../index.ts'
import { expectSdkType } from './webhook-types.test-kit.ts'

export interface Received {
  event: WebhookEvent
  meta: { attempt: number; delivered_to: string }
  headers: Record<string, string>
  raw: string
}

export interface TestSimulator {
  sim: Simulator
  clock: VirtualClock
  /** A client of the official Telnyx SDK, connected to the simulator. */
  client: Telnyx
  /** The delivered webhooks, in order of arrival. */
  received: Received[]
  /** Returns the emitted event types, some with their main fields, such as `call.gather.ended(valid 5503)`. */
  story(): string[]
  /** All emitted events, delivered or not. */
  emitted: WebhookEvent[]
  /** Dials a call and answers it. */
  answeredCall(): Promise<Awaited<ReturnType<Simulator['phone']['dial']>>>
  /** Ignores contract violations whose message contains these words. */
  allowContractViolation(words: string): void
  [Symbol.asyncDispose](): Promise<void>
}

/** Creates a simulator for tests. `answer` returns the response of the webhook receiver. Default: 200. */
export async function testSimulator(
  options: Omit<SimulatorOptions, 'webhookUrl' | 'clock'> & {
    answer?: (received: Received) => Response | Promise<Response>
  } = {},
): Promise<TestSimulator> {
  const { answer = () => new Response('ok'), ...rest } = options
  const received: Received[] = []
  const emitted: WebhookEvent[] = []
  const clock = virtualClock()
  const sim = await createSimulator({
    ...rest,
    clock,
    webhookUrl: async (request) => {
      const headers = Object.fromEntries(request.headers)
      const raw = await request.text()
      const { data, meta } = JSON.parse(raw)
      const item: Received = { event: data, meta, headers, raw }
      // Store the webhook before verifying it: the SDK verifies on another thread, so completion order is random.
      received.push(item)
      await client.webhooks.unwrap(raw, { headers })
      return answer(item)
    },
  })
  const client = new Telnyx({
    apiKey: 'KEY',
    publicKey: sim.publicKey,
    baseURL: sim.url,
    fetch: sim.fetch,
    maxRetries: 0,
  })
  let broken: unknown[] = []
  sim.watch((activity) => {
    if (activity.type !== 'webhook') return
    emitted.push(activity.event)
    // The contract has no schemas for the webhooks of text messages.
    if (activity.call_id === null) return
    try {
      expectContract(activity.event)
      expectSdkType(activity.event)
    } catch (error) {
      broken.push(error)
    }
  })
  return {
    sim,
    clock,
    client,
    received,
    emitted,
    story: () => emitted.map(summarise),
    answeredCall: async () => {
      const caller = await sim.phone.dial()
      await client.calls.actions.answer(caller.id, {})
      await clock.settle()
      return caller
    },
    allowContractViolation: (words) => {
      broken = broken.filter((error) => !String(error).includes(words))
    },
    [Symbol.asyncDispose]: async () => {
      await sim.close()
      if (broken.length > 0) throw broken[0]
    },
  }
}

/** Formats an event type with its main fields. */
export function summarise({ event_type, payload }: WebhookEvent): string {
  const { digits, digit, status, media_url, hangup_cause } = payload
  const words = [
    digit,
    status,
    digits === '' ? "''" : digits,
    event_type.startsWith('call.playback') ? media_url : undefined,
    hangup_cause,
  ]
  const details = words.filter((word) => word !== undefined).join(' ')
  return details === '' ? event_type : `${event_type}(${details})`
}
