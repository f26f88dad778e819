import type { CallSummary } from '@callgather/protocol'
import { useMutation } from '@tanstack/react-query'
import { controlCall, type Role } from './session.ts'

/** What the softphone would offer: answer, hang up. CallGather begins where the call is up. */
export function CallBar({ call, callId, role }: { call: CallSummary | null; callId: string; role: Role }) {
  const control = useMutation({
    mutationFn: ({ callId, action }: { callId: string; action: 'answer' | 'hangup' }) => controlCall(callId, action),
  })
  // What was done on another call is not shown on this one.
  const isOfThisCall = control.variables?.callId === callId
  const isPending = isOfThisCall && control.isPending
  const phase = call?.phase ?? 'unknown'
  if (role === 'supervisor') {
    return phase === 'ended' ? null : (
      <p className="console-note">You are watching. Only the agent can act on this call.</p>
    )
  }
  if (phase === 'ended' || phase === 'unknown') return null
  return (
    <fieldset className="console-bar">
      <legend className="console-hidden">Call</legend>
      {phase === 'ringing' && (
        <button
          type="button"
          className="console-button"
          data-primary=""
          disabled={isPending}
          onClick={() => control.mutate({ callId, action: 'answer' })}
        >
          Answer
        </button>
      )}
      <button
        type="button"
        className="console-button"
        data-danger=""
        disabled={isPending}
        onClick={() => control.mutate({ callId, action: 'hangup' })}
      >
        {phase === 'ringing' ? 'Decline' : 'Hang up'}
      </button>
      {isOfThisCall && control.isError && (
        <p className="console-error" role="alert">
          {control.error.message}
        </p>
      )}
    </fieldset>
  )
}
