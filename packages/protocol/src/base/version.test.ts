import { describe, expect, it } from 'vitest'
import { checkProtocolVersion, PROTOCOL_VERSION } from './version.ts'

describe('checkProtocolVersion', () => {
  it('checkProtocolVersion accepts the current protocol version', () => {
    expect(checkProtocolVersion(PROTOCOL_VERSION)).toBeNull()
  })

  it('checkProtocolVersion reports whether the client or the server must be updated', () => {
    expect(checkProtocolVersion(PROTOCOL_VERSION - 1)).toBe('client_too_old')
    expect(checkProtocolVersion(PROTOCOL_VERSION + 1)).toBe('server_too_old')
  })

  it.each([undefined, null, '1', 1.5, Number.NaN])(
    'checkProtocolVersion reports a client that sends %s as too old',
    (version) => {
      expect(checkProtocolVersion(version)).toBe('client_too_old')
    },
  )
})
