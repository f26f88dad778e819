import type { IncomingMessage } from 'node:http'
import { describe, expect, it, vi } from 'vitest'
import type { AuditLine } from '../access/audit.ts'
import { testServer } from '../testing/server.ts'
import { clientAddressReader, type TrustProxy } from './client-address.ts'

const addressBehind = (trust: TrustProxy | undefined, peer: string | undefined, forwarded?: string) =>
  clientAddressReader(trust)({
    socket: { remoteAddress: peer },
    connection: { remoteAddress: peer },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage)

describe('the address of a client', () => {
  it.each<[string, TrustProxy | undefined, string | undefined, string | undefined, string | undefined]>([
    ['no trusted proxy by default', undefined, '10.0.0.9', '203.0.113.7', '10.0.0.9'],
    ['no proxies', 0, '10.0.0.9', '203.0.113.7', '10.0.0.9'],
    ['one proxy', 1, '10.0.0.9', '203.0.113.7', '203.0.113.7'],
    ['one proxy and a forged header', 1, '10.0.0.9', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['two proxies', 2, '10.0.0.9', '198.51.100.1, 203.0.113.7, 10.0.0.8', '203.0.113.7'],
    ['a proxy that sends no header', 1, '10.0.0.9', undefined, '10.0.0.9'],
    ['a proxy in a range', ['10.0.0.0/8'], '10.0.0.9', '198.51.100.1, 203.0.113.7, 10.0.0.8', '203.0.113.7'],
    ['a peer that is not a proxy', ['10.0.0.0/8'], '192.0.2.1', '203.0.113.7', '192.0.2.1'],
    ['a proxy by name', ['loopback'], '::1', '203.0.113.7', '203.0.113.7'],
    ['a proxy over IPv6', ['127.0.0.1'], '::ffff:127.0.0.1', '2001:db8::7', '2001:db8::7'],
    ['an IPv4 address mapped to IPv6', 0, '::ffff:192.0.2.1', undefined, '192.0.2.1'],
    ['a word instead of an address in the header', 2, '10.0.0.9', 'unknown, 203.0.113.7', '203.0.113.7'],
    ['only a word in the header', 1, '10.0.0.9', '<script>', '10.0.0.9'],
    ['a closed socket', 1, undefined, '203.0.113.7', undefined],
  ])('reads the client address of a request with %s', (_, trust, peer, forwarded, expected) => {
    expect(addressBehind(trust, peer, forwarded)).toBe(expected)
  })

  it.each([[-1], [1.5], [17], [['0.0.0.0/0']], [['::/0']], [['10.0.0.0/8', 'proxy.example.com']]])(
    'rejects %j as the `trustProxy` option',
    (trust) => {
      expect(() => clientAddressReader(trust)).toThrow('trustProxy')
    },
  )
})

describe('behind a proxy', () => {
  const limits = { handshakesPerSecond: 0.001, handshakeBurst: 2 }
  const from = (address: string) => ({ 'x-forwarded-for': address })

  it('limits new sockets per client behind a trusted proxy', async () => {
    await using server = await testServer({ trustProxy: 1, limits })
    for (let count = 0; count < 2; count++) await server.connect({}, from('203.0.113.7'))
    await expect(server.connect({}, from('203.0.113.7'))).rejects.toThrow()
    expect((await server.connect({}, from('203.0.113.8'))).connected).toBe(true)
  })

  it('ignores X-Forwarded-For of an untrusted proxy in the limit on new sockets', async () => {
    await using server = await testServer({ trustProxy: ['10.0.0.0/8'], limits })
    for (let count = 0; count < 2; count++) await server.connect({}, from(`203.0.113.${count}`))
    await expect(server.connect({}, from('203.0.113.9'))).rejects.toThrow()
  })

  it('writes the client address behind a trusted proxy to the audit trail', async () => {
    const sink = vi.fn<(line: AuditLine) => void>()
    await using server = await testServer({ trustProxy: 1, audit: { sink } })
    await server.command('gather', {}, from('198.51.100.1, 203.0.113.7'), 'v3:somebody-elses-call-00')
    expect(sink.mock.calls.map(([line]) => line)).toMatchObject([{ what: 'denied', address: '203.0.113.7' }])
  })
})
