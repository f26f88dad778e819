import { describe, expect, it } from 'vitest'
import { judgeVersion, PROTOCOL_VERSION } from './version.ts'

describe('judgeVersion', () => {
  it('accepts every version it serves', () => {
    expect(judgeVersion(PROTOCOL_VERSION)).toBeNull()
  })

  it('says which side must move', () => {
    expect(judgeVersion(PROTOCOL_VERSION - 1)).toBe('client_too_old')
    expect(judgeVersion(PROTOCOL_VERSION + 1)).toBe('server_too_old')
  })

  it.each([undefined, null, '1', 1.5, Number.NaN])('takes %s for a client too old to say', (version) => {
    expect(judgeVersion(version)).toBe('client_too_old')
  })
})
