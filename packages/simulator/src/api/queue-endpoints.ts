/** Queues under `/v2/queues`, by name or id, and the calls that wait in them. */
import type { Exchange } from '../call/exchange.ts'
import type { Queue } from '../call/queues.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals, refuse } from './errors.ts'
import { body, integer, text } from './fields.ts'
import { pageOf } from './listings.ts'
import { createValidator } from './validate.ts'

const validateQueue = createValidator(
  body(['queue_name'], { queue_name: { ...text, minLength: 1, maxLength: 255 }, max_size: integer(1, 10_000, 100) }),
)

export function queueEndpoints({ queues, settings }: Exchange): Endpoints {
  const view = (queue: Queue) => ({
    record_type: 'queue',
    id: queue.id,
    name: queue.name,
    current_size: queue.entries.length,
    max_size: queue.maxSize,
    average_wait_time_secs: queues.averageWaitSecs(queue),
    created_at: iso(queue.createdAt),
    updated_at: iso(queue.updatedAt),
  })
  const require = (id: string): Queue => {
    const queue = queues.find(id)
    if (!queue) throw refusals.notFound()
    return queue
  }
  return {
    'GET /v2/queues': ({ query }) => pageOf(queues.list().map(view), query),
    'POST /v2/queues': ({ body }) => {
      const { queue_name, max_size } = validateQueue(body, settings.api.undocumentedValues)
      const name = String(queue_name)
      if (queues.find(name)) throw refuse(422, '10012', 'A queue with this name exists.', '/queue_name')
      return { data: view(queues.create(name, Number(max_size))), status: 201 }
    },
    'GET /v2/queues/:id': ({ id }) => ({ data: view(require(id)) }),
    'GET /v2/queues/:id/calls': ({ id, query }) => {
      const queue = require(id)
      const rows = queue.entries.map((entry, index) => ({
        record_type: 'queue_call',
        ...entry.call.identity,
        queue_id: queue.id,
        queue_position: index + 1,
        enqueued_at: iso(entry.enqueuedAt),
        wait_time_secs: queues.waitSecs(entry),
        is_alive: entry.call.phase !== 'ended',
      }))
      return pageOf(rows, query)
    },
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
