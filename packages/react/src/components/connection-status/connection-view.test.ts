import { expect, test, vi } from 'vitest'
import { type ConnectionState, initialConnectionState } from '../../client/connection.ts'
import { connectionView, isBad, viewWords } from './connection-view.ts'

const error = { status: 503, code: '10007', title: 'Service unavailable' }
const away = (more: object, status: ConnectionState['status'] = 'reconnecting'): ConnectionState => ({
  ...initialConnectionState,
  status,
  attempt: 3,
  error: { ...error, ...more },
})

test.each([
  ['ticketFailed', 'signInFailed'],
  ['ticketTimeout', 'signInFailed'],
  ['ticketInvalid', 'ticketInvalid'],
  ['ticketExpired', 'expired'],
  ['serverUnreachable', 'unreachable'],
  ['websocketBlocked', 'blocked'],
  ['originRefused', 'originRefused'],
] as const)('shows the connection error "%s" as the view "%s" on the first attempt and on retries', (reason, view) => {
  for (const status of ['connecting', 'reconnecting'] as const) {
    const connection = away({ reason }, status)
    expect(connectionView(connection, null)).toBe(view)
    expect(connectionView(connection, { sync: 'catching_up', error: { ...error, reason } as never })).toBe(view)
    expect(isBad(view, connection)).toBe(true)
  }
})

test.each([408, 429, 500, 502, 503, 504])('shows the server failure %i as the view "unavailable"', (status) => {
  for (const state of ['connecting', 'reconnecting', 'refused'] as const) {
    expect(connectionView(away({ status }, state), null)).toBe('unavailable')
  }
  const live = { ...initialConnectionState, status: 'live' } as const
  expect(connectionView(live, { sync: 'catching_up', error: { ...error, status } })).toBe('unavailable')
  expect(viewWords('unavailable').tone).toBe('warning')
})

test.each([
  [401, 'expired'],
  [403, 'forbidden'],
  [404, 'forbidden'],
] as const)('shows the view of a connection that the server refuses with %i as "%s"', (status, view) => {
  expect(connectionView(away({ status }, 'refused'), null)).toBe(view)
})

test('asks the agent to check the network when a ticket request fails offline', () => {
  vi.stubGlobal('navigator', { onLine: false })
  expect(connectionView(away({ reason: 'ticketFailed' }), null)).toBe('unreachable')
  vi.stubGlobal('navigator', { onLine: true })
  expect(connectionView(away({ reason: 'ticketFailed' }), null)).toBe('signInFailed')
  vi.unstubAllGlobals()
})
