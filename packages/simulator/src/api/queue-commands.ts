/** `enqueue`, `leave_queue`, and the call that a bridge with a queue reaches. */
import type { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import { type Command, text } from './command.ts'
import { refusals, refuse } from './errors.ts'

export const queueCommands = {
  enqueue: {
    needs: 'answered',
    run(call, body, { queues }) {
      const name = String(body.queue_name)
      const maxSize = body.max_size === undefined ? undefined : Number(body.max_size)
      const existing = queues.find(name)
      if (existing && maxSize !== undefined && maxSize !== existing.maxSize)
        throw refuse(422, '90037', 'Queue exists and max_size cannot be modified.', '/max_size')
      const current = queues.queueOf(call)
      if (current && current === existing) throw refuse(422, '90038', "Call can't be added to a queue it's already in.")
      if (existing && existing.entries.length >= existing.maxSize)
        throw refuse(422, '90036', "The queue is full and can't accept more calls.")
      queues.remove(call, 'leave')
      call.unbridge()
      const maxWaitSecs = body.max_wait_time_secs ?? Number.POSITIVE_INFINITY
      const queue = existing ?? queues.create(name, maxSize)
      queues.add(queue, call, Number(maxWaitSecs) * 1000, body.keep_after_hangup === true)
    },
  },
  leave_queue: {
    needs: 'answered',
    run(call, _, { queues }) {
      if (!queues.queueOf(call))
        throw refuse(422, '90035', "This call can't receive this command because it has not been put in any queue yet.")
      queues.remove(call, 'leave')
    },
  },
} satisfies Record<string, Command>

/** Returns the first call in a queue. Throws a `Refusal` if there is none. A call that was kept after its hangup is removed. */
export function firstInQueue({ queues }: Exchange, name: unknown): Call {
  const call = queues.find(text(name) ?? '')?.entries[0]?.call
  if (!call) throw refuse(422, '10027', 'The queue is empty or does not exist.', '/queue')
  if (call.phase !== 'ended') return call
  queues.remove(call, 'hangup')
  throw refusals.ended('/queue')
}
