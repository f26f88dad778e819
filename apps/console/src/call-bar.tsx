import type { CallSummary } from '@callgather/protocol'
import { ShortcutHint, useShortcut } from '@callgather/react'
import { useMutation } from '@tanstack/react-query'
import { controlCall, type Role } from './session.ts'

/** Stands in for the softphone: answer and hang up. CallGather does neither. */
export function CallBar({
  call,
  callId,
  role,
  onDone,
}: {
  call: CallSummary | null
  callId: string
  role: Role
  /** Called after the action succeeded, before its button disappears. */
  onDone: (callId: string) => void
}) {
  const control = useMutation({
    // By default, an offline mutation waits and then hangs up when the network is back.
    networkMode: 'always',
    mutationFn: ({ callId, action }: { callId: string; action: 'answer' | 'hangup' }) => controlCall(callId, action),
  })
  // Ignore an action on another call.
  const isOfThisCall = control.variables?.callId === callId
  const isPending = isOfThisCall && control.isPending
  // A `disabled` button would lose the focus.
  const act = (action: 'answer' | 'hangup') => {
    if (!isPending) control.mutate({ callId, action }, { onSuccess: () => onDone(callId) })
  }
  const phase = call?.phase ?? 'unknown'
  const mayAct = role === 'agent'
  const answer = useShortcut(
    mayAct
      ? {
          id: 'answer',
          key: 'a',
          label: 'Answer the ringing call',
          enabled: phase === 'ringing',
          run: () => act('answer'),
        }
      : null,
  )
  // With Shift, because no confirmation follows.
  const hangUp = useShortcut(
    mayAct
      ? { id: 'hangUp', key: 'H', label: 'Hang up', enabled: phase === 'answered', run: () => act('hangup') }
      : null,
  )
  if (!mayAct) return null
  if (phase === 'ended' || phase === 'unknown') return null
  return (
    <fieldset className="console-bar">
      <legend className="console-hidden">Call</legend>
      {phase === 'ringing' && (
        <button
          type="button"
          className="console-button"
          data-primary=""
          aria-disabled={isPending}
          aria-keyshortcuts={answer?.aria}
          onClick={() => act('answer')}
        >
          Answer <ShortcutHint shortcut={answer} />
        </button>
      )}
      <button
        type="button"
        className="console-button"
        data-danger=""
        aria-disabled={isPending}
        aria-keyshortcuts={phase === 'ringing' ? undefined : hangUp?.aria}
        onClick={() => act('hangup')}
      >
        {phase === 'ringing' ? 'Decline' : 'Hang up'} {phase !== 'ringing' && <ShortcutHint shortcut={hangUp} />}
      </button>
      {isOfThisCall && control.isError && (
        <p className="console-error" role="alert">
          {control.error.message}
        </p>
      )}
    </fieldset>
  )
}
