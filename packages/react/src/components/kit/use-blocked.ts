import { type Scope, selectCallPhase } from '@callgather/protocol'
import type { CallFeed } from '../../client/feed.ts'
import { useCall } from '../../hooks/use-call.ts'
import type { StringKey } from '../../strings/strings.ts'
import { useLanguage } from '../../strings/strings-context.tsx'

/** Explains why commands on a call are disabled, for example because its state is stale; `null` if they are allowed. */
export function useBlocked(callId: string, scope: Scope): string | null {
  const reason = useCall(callId, (feed) => blockedBy(feed, scope))
  const { t } = useLanguage()
  return reason === null ? null : t(reason)
}

type Reason = Extract<StringKey, `disabled.${string}` | 'command.forbidden'>

function blockedBy({ state, sync, scopes, cursor }: CallFeed, scope: Scope): Reason | null {
  const phase = selectCallPhase(state)
  if (phase === 'ended') return 'disabled.ended'
  if (cursor === null || sync !== 'live') return 'disabled.connection'
  if (phase === 'ringing') return 'disabled.ringing'
  return scopes.includes(scope) ? null : 'command.forbidden'
}
