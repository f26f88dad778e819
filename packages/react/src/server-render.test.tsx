// @vitest-environment node
import { renderToString } from 'react-dom/server'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createGatherClient, GatherPanel, GatherProvider } from './index.ts'

describe('a panel rendered on a server', () => {
  it('a panel rendered on a server leaves no timer behind that would keep the process alive', () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const client = createGatherClient({ url: 'http://127.0.0.1:1', getTicket: async () => 'ticket' })
    const html = renderToString(
      <GatherProvider client={client}>
        <GatherPanel callId="call-1" />
      </GatherProvider>,
    )
    expect(html).toContain('class="cg')
    client.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
