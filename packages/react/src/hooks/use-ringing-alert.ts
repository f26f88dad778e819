import type { CallSummary } from '@callgather/protocol'
import { useEffect, useMemo, useRef, useState } from 'react'
import { isAnswerable, otherParty } from './party.ts'
import { startRinging } from './ring-tone.ts'
import { useCalls } from './use-calls.ts'

/** How `useRingingAlert` alerts the agent. */
export interface UseRingingAlertOptions {
  /** Whether the title of the page starts with the number of ringing calls. Default true. */
  readonly title?: boolean
  /** Whether a tone plays while a call rings. Let the agent switch it on. Default false. */
  readonly sound?: boolean
  /**
   * Whether the system shows a notification while the page is hidden. It shows the caller's name or number. Default
   * false; the agent must also have allowed it with `allowNotifications`.
   */
  readonly notification?: boolean
}

/** The result of `useRingingAlert`. */
export interface UseRingingAlertResult {
  /** The calls that wait for an answer, the newest first. */
  readonly ringing: readonly CallSummary[]
  /** Whether the agent has allowed notifications; `unsupported` where the browser has none. */
  readonly notifications: NotificationPermission | 'unsupported'
  /** Asks the agent to allow notifications. Call it from a click, because browsers ignore it otherwise. */
  readonly allowNotifications: () => Promise<void>
}

const hasNotifications = () => typeof Notification !== 'undefined'
const permissionNow = () => (hasNotifications() ? Notification.permission : 'unsupported')

/** Alerts the agent to ringing calls: in the page's title and, if switched on, with a tone and a notification. */
export function useRingingAlert(options: UseRingingAlertOptions = {}): UseRingingAlertResult {
  const { title = true, sound = false, notification = false } = options
  const { calls, sync } = useCalls()
  const ringing = useMemo(() => calls.filter(isAnswerable), [calls])
  const [notifications, setNotifications] = useState<UseRingingAlertResult['notifications']>('unsupported')
  useEffect(() => setNotifications(permissionNow()), [])

  const isRinging = ringing.length > 0
  useTitle(title ? ringing.length : 0)
  useEffect(() => (sound && isRinging ? startRinging() : undefined), [sound, isRinging])
  useNotifications(ringing, sync === 'live', notification && notifications === 'granted')

  return {
    ringing,
    notifications,
    allowNotifications: async () => {
      if (hasNotifications()) setNotifications(await Notification.requestPermission())
    },
  }
}

function useTitle(count: number): void {
  useEffect(() => {
    if (count === 0) return
    const before = document.title
    const during = `(${count}) ${before}`
    document.title = during
    return () => {
      // The host may have set another title meanwhile.
      if (document.title === during) document.title = before
    }
  }, [count])
}

function useNotifications(ringing: readonly CallSummary[], isLive: boolean, isOn: boolean): void {
  const known = useRef<ReadonlySet<string> | null>(null)
  const shown = useRef(new Map<string, Notification>())
  useEffect(() => {
    if (!isLive) return
    const before = known.current
    known.current = new Set(ringing.map(({ callId }) => callId))
    for (const [callId, each] of shown.current) {
      if (known.current.has(callId)) continue
      each.close()
      shown.current.delete(callId)
    }
    if (!isOn || !document.hidden || before === null) return
    for (const call of ringing) {
      if (before.has(call.callId)) continue
      const { name, number } = otherParty(call)
      try {
        const made = new Notification(name ?? number ?? '☎', { tag: call.callId })
        made.addEventListener('click', () => window.focus())
        shown.current.set(call.callId, made)
      } catch {
        // Chrome on Android allows only service workers to show notifications.
      }
    }
  }, [ringing, isLive, isOn])
  useEffect(() => {
    const { current } = shown
    return () => {
      for (const each of current.values()) each.close()
    }
  }, [])
}
