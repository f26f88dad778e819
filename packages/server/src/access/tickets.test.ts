import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { SECRET, testServer } from '../testing/server.ts'
import { createTickets } from './tickets.ts'

const SECONDS = Math.floor(Date.now() / 1000)
const minted = (claims: { iat?: number; exp: number; aud?: string }) =>
  new SignJWT({ calls: '*', scopes: ['view'], jti: 'x', sub: 'a', iss: 'callgather', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET))

describe('a ticket signed with the shared secret', () => {
  it.each([
    ['lasts longer than a day', { iat: SECONDS, exp: SECONDS + 30 * 86_400 }],
    ['does not say when it was issued', { exp: SECONDS + 600 }],
    ['was issued in the future', { iat: SECONDS + 600, exp: SECONDS + 900 }],
    ['is for another audience', { iat: SECONDS, exp: SECONDS + 600, aud: 'other' }],
  ])('rejects a ticket that %s with 401 and the reason', async (reason, claims) => {
    await using server = await testServer()
    const headers = { authorization: `Bearer ${await minted(claims)}` }
    const answer = await fetch(`${server.url}/calls`, { headers })
    expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining(reason)])
  })

  it.each([
    ['sub', 7],
    ['sub', null],
    ['sub', ''],
    ['sub', { id: 1 }],
    ['sub', 'a'.repeat(129)],
    ['jti', 5],
    ['jti', null],
    ['jti', ''],
  ])('rejects a ticket whose `%s` claim is %j and names the claim', async (claim, value) => {
    const ticket = await minted({ iat: SECONDS, exp: SECONDS + 600, [claim]: value })
    await expect(createTickets(SECRET).check(ticket)).rejects.toThrow(claim)
  })

  it('accepts a ticket when its issuer’s clock is a few seconds ahead', async () => {
    const ticket = await minted({ iat: SECONDS + 20, exp: SECONDS + 600 })
    expect(await createTickets(SECRET).check(ticket)).toMatchObject({ subject: 'a' })
  })
})

describe('the audience of tickets', () => {
  it('writes the configured audience into each ticket and rejects tickets with another audience', async () => {
    const [one, other] = [createTickets(SECRET, { audience: 'one' }), createTickets(SECRET, { audience: 'other' })]
    const ticket = await one.issue({ subject: 'a', calls: '*', scopes: ['view'] })
    expect(await one.check(ticket)).toMatchObject({ subject: 'a' })
    await expect(other.check(ticket)).rejects.toThrow()
    await expect(createTickets(SECRET).check(ticket)).rejects.toThrow()
  })
})

it('refuses to issue a ticket for longer than a day', async () => {
  const request = { subject: 'a', calls: '*' as const, scopes: ['view'] as const }
  await expect(createTickets(SECRET).issue({ ...request, expiresIn: '30d' })).rejects.toThrow('to one day')
})
