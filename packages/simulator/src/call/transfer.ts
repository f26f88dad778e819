/** A transfer: rings somebody else, and joins the two legs when that telephone is answered. */
import type { Call } from './call.ts'
import type { Exchange, NewCall } from './exchange.ts'

export interface TransferOptions extends Omit<NewCall, 'direction' | 'from' | 'connection_id' | 'call_session_id'> {
  /** Whom the target sees calling. Default: the number that was called, or that calls. */
  from?: string | undefined
  /** The leg is not hung up when the target leaves. */
  staysWhenPeerLeaves?: boolean
}

/** Starts the transfer of `call` and gives the leg that rings. */
export function transfer(exchange: Exchange, call: Call, options: TransferOptions): Call {
  const { from, staysWhenPeerLeaves = false, route, ...target } = options
  const { connection_id, call_session_id, ...numbers } = call.identity
  const leg = exchange.createCall({
    ...target,
    direction: 'outgoing',
    from: from ?? (call.direction === 'incoming' ? numbers.to : numbers.from),
    connection_id,
    call_session_id,
    route: { ...call.route, ...route },
  })
  leg.whenAnswered(() => {
    if (call.phase === 'answered') call.bridgeWith(leg, staysWhenPeerLeaves)
    else leg.end({ type: 'hangup' })
  })
  call.whenEnded(() => leg.phase === 'bridging' && leg.end({ type: 'hangup' }))
  return leg
}
