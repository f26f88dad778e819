import { describe, expect, it } from 'vitest'
import { checkProtocolVersion, PROTOCOL_VERSION } from './version.ts'

describe('checkProtocolVersion', () => {
  it('accepts every version it serves', () => {
    expect(checkProtocolVersion(PROTOCOL_VERSION)).toBeNull()
  })

  it('says which side must move', () => {
    expect(checkProtocolVersion(PROTOCOL_VERSION - 1)).toBe('client_too_old')
    expect(checkProtocolVersion(PROTOCOL_VERSION + 1)).toBe('server_too_old')
  })

  it.each([undefined, null, '1', 1.5, Number.NaN])('takes %s for a client too old to say', (version) => {
    expect(checkProtocolVersion(version)).toBe('client_too_old')
  })
})
