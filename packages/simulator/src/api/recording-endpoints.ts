/** `GET /v2/recordings`, `GET` and `DELETE /v2/recordings/{id}`. */
import type { Exchange } from '../call/exchange.ts'
import type { Recording } from '../call/recording-store.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals } from './errors.ts'
import { equalsFilter, isWithinFilter, pageOf } from './listings.ts'

const FILTERS = ['call_control_id', 'call_leg_id', 'call_session_id', 'connection_id', 'from', 'to'] as const

export function recordingEndpoints({ recordings }: Exchange): Endpoints {
  const view = ({ format, ...recording }: Recording) => ({
    record_type: 'recording',
    ...recording,
    updated_at: recording.created_at,
    source: 'call',
    status: 'completed',
    download_urls: recordings.urlsOf({ id: recording.id, format }),
  })
  const require = (id: string): Recording => {
    const recording = recordings.find(id)
    if (!recording) throw refusals.notFound()
    return recording
  }
  return {
    'GET /v2/recordings': ({ query }) => {
      const filters = FILTERS.map((name) => ({ name, accepts: equalsFilter(query, `filter[${name}]`) }))
      const isCreated = isWithinFilter(query, 'created_at')
      const isStarted = isWithinFilter(query, 'start_time')
      const isEnded = isWithinFilter(query, 'end_time')
      const rows = recordings
        .list()
        .filter((row) => filters.every(({ name, accepts }) => accepts(row[name])))
        .filter(
          (row) => isCreated(row.created_at) && isStarted(row.recording_started_at) && isEnded(row.recording_ended_at),
        )
      const { data, meta } = pageOf(rows, query)
      return { data: data.map(view), meta }
    },
    'GET /v2/recordings/:id': ({ id }) => ({ data: view(require(id)) }),
    'DELETE /v2/recordings/:id': ({ id }) => {
      const recording = require(id)
      recordings.delete(id)
      return { data: view(recording) }
    },
  }
}
