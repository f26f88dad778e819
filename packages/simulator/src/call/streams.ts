/** The media streams of one call. The simulator sends their webhooks and opens no WebSocket. */
import type { MediaDeps } from './media-deps.ts'

interface Stream {
  id: string
  url: string
}

export class Streams {
  private readonly deps: MediaDeps
  private active: Stream[] = []
  private startedCount = 0

  constructor(deps: MediaDeps) {
    this.deps = deps
  }

  /** Starts a stream to `url`. A URL that is no WebSocket address fails by webhook, as an unreachable one does at Telnyx. */
  start(url: string, track: string): void {
    const { chance, identity, emit, publish } = this.deps
    this.startedCount += 1
    const id = chance.uuid(identity.call_control_id, 'stream', this.startedCount)
    if (!/^wss?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
      const stream_params = { stream_url: url, track }
      emit('streaming.failed', {
        failure_reason: 'connection_failed',
        stream_id: id,
        stream_params,
        stream_type: 'websocket',
      })
      return
    }
    this.active.push({ id, url })
    const text = `streaming_start: the simulator sends the webhooks of the stream and opens no WebSocket to ${url}`
    publish({ type: 'notice', call_id: identity.call_control_id, text })
    emit('streaming.started', { stream_url: url })
  }

  /** Stops the stream `id`, or all. */
  stop(id?: string): void {
    const stopped = this.active.filter((stream) => id === undefined || stream.id === id)
    this.active = this.active.filter((stream) => !stopped.includes(stream))
    for (const stream of stopped) this.deps.emit('streaming.stopped', { stream_url: stream.url })
  }
}
