/** Calls the host's `onCollected` once for each final value. */
import type { CollectedValue } from '@callgather/protocol'
import { useEffect, useRef } from 'react'
import { changeRecord } from '../client/agent-storage.ts'
import { runHostCallback } from '../client/client-events.ts'
import { useGatherClient } from './provider.tsx'
import { agentSubject, useAgentSubject } from './use-agent-subject.ts'
import { useEarlyEffect } from './use-early-effect.ts'

type OnCollected = (value: CollectedValue) => unknown

/** Calls `onCollected` with each final value of a call that this agent's browser has not delivered before. */
export function useDelivery(callId: string, items: readonly CollectedValue[], onCollected: OnCollected | undefined) {
  const client = useGatherClient()
  const subject = useAgentSubject(client)
  /** The last callback for each call, because the agent may select another call while values are claimed. */
  const latest = useRef(new Map<string, OnCollected | undefined>())
  useEarlyEffect(() => {
    latest.current.set(callId, onCollected)
  })
  /** The values that this component has claimed, so that only new values cause a read of the storage. */
  const claimed = useRef(new Set<string>())
  const isWanted = onCollected !== undefined
  useEffect(() => {
    if (!isWanted) return
    const keyOf = (id: string) => JSON.stringify([subject, callId, id])
    const fresh = items.filter(({ id, isFinal }) => isFinal && !claimed.current.has(keyOf(id))).reverse()
    if (fresh.length === 0) return
    for (const { id } of fresh) claimed.current.add(keyOf(id))
    const deliver = async () => {
      const ids = await claim(subject, callId, fresh)
      for (const item of fresh) {
        // The values of one agent must not reach the host after another agent signed in.
        if (!ids.has(item.id) || agentSubject(client).getSnapshot() !== subject) continue
        runHostCallback(client.session, 'onCollected', () => latest.current.get(callId)?.(item))
      }
    }
    // Not cancelled on cleanup: a claimed value is never claimed again, so it must be delivered now.
    deliver().catch(() => {})
  }, [client, subject, callId, items, isWanted])
}

/** Records values as delivered, and returns the ids of those that were not delivered before. */
async function claim(subject: string | null, callId: string, values: readonly CollectedValue[]): Promise<Set<string>> {
  const ids = values.map(({ id }) => id)
  // Without a subject the agent cannot be distinguished from the next one, so nothing is stored.
  if (subject === null) return new Set(ids)
  let fresh = new Set<string>()
  await changeRecord([subject, 'collected', callId], (stored) => {
    const known: readonly unknown[] = Array.isArray(stored) ? stored : []
    fresh = new Set(ids.filter((id) => !known.includes(id)))
    return [...known, ...fresh]
  })
  return fresh
}
