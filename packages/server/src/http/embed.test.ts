import { describe, expect, it } from 'vitest'
import { testServer } from '../testing/server.ts'
import { embedRoutes } from './embed.ts'

const embed = { 'callgather.mjs': 'import("./chunks/de.mjs")', 'frame.mjs': '1', 'chunks/de.mjs': '2' }

const directivesOf = (answer: Response) =>
  Object.fromEntries(
    (answer.headers.get('content-security-policy') ?? '').split('; ').map((each) => {
      const [name = '', ...values] = each.split(' ')
      return [name, values.join(' ')]
    }),
  )

describe('GET /embed', () => {
  it('serves the page with a strict policy of its own, which only pages of the allowed origins may frame', async () => {
    await using server = await testServer({ embed, allowedOrigins: ['https://crm.example', 'http://localhost:3000/'] })
    const answer = await fetch(`${server.url}/embed`)
    expect(answer.status).toBe(200)
    expect(directivesOf(answer)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': 'https://crm.example http://localhost:3000',
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(answer.headers.get('x-frame-options')).toBeNull()
    const page = await answer.text()
    expect(page).toContain('<meta name="callgather-origins" content="https://crm.example http://localhost:3000">')
    expect(page).not.toMatch(/<script(?! type="module" src=)|<style|style=/)
  })

  it('HEAD is answered like GET, without the body', async () => {
    await using server = await testServer({ embed, allowedOrigins: [] })
    const [got, head] = await Promise.all(['GET', 'HEAD'].map((method) => fetch(`${server.url}/embed`, { method })))
    expect(head?.status).toBe(200)
    for (const name of ['etag', 'content-length', 'content-security-policy'])
      expect(head?.headers.get(name)).toBe(got?.headers.get(name))
    expect(await head?.text()).toBe('')
  })

  it('no page may frame the page of a server without allowed origins', async () => {
    await using server = await testServer({ embed, allowedOrigins: [] })
    const answer = await fetch(`${server.url}/embed`)
    expect(directivesOf(answer)['frame-ancestors']).toBe("'none'")
    expect(await answer.text()).toContain('<meta name="callgather-origins" content="">')
  })

  it.each(['*', 'https://*.example.com', '*://crm.example'])(
    'a server with the allowed origin %s does not start, because there is no wildcard',
    async (origin) => {
      await expect(testServer({ embed, allowedOrigins: [origin] })).rejects.toThrow(
        `"${origin}" is not an origin. Write scheme, host and port, such as https://console.example.com.`,
      )
    },
  )

  it('an origin can add neither a directive to the policy nor markup to the page', async () => {
    const hostile = ['https://a;script-src', 'https://a"><script>', "https://a'none'", 'http://[::1]:3000']
    const [route] = embedRoutes({ files: embed, allowedOrigins: [...hostile, 'https://crm.example'] })
    const request = { method: 'GET', path: '/embed', header: () => [] } as never
    const { headers, body } = (await route?.handler(request, {})) ?? {}
    expect(headers?.['content-security-policy']).toContain('; frame-ancestors https://crm.example; require')
    expect(body).toContain('content="https://crm.example"')
  })

  it('links to its files relative to its own address, with and without a slash at the end', async () => {
    await using server = await testServer({ embed, basePath: '/voice/calls' })
    for (const path of ['/embed', '/embed/']) {
      const page = await (await fetch(server.url + path)).text()
      const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
      const urls = links.map((link) => new URL(link, server.url + path).pathname)
      expect(urls).toEqual(['/voice/calls/embed/callgather.mjs', '/voice/calls/embed/frame.mjs'])
    }
  })
})

describe('GET /embed/{file}', () => {
  it('serves each file with its type, and answers 304 while the file is unchanged', async () => {
    await using server = await testServer({ embed })
    const answer = await fetch(`${server.url}/embed/frame.mjs`)
    expect([answer.status, await answer.text()]).toEqual([200, embed['frame.mjs']])
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    expect(await (await fetch(`${server.url}/embed/chunks/de.mjs`)).text()).toBe('2')
    const tag = answer.headers.get('etag') ?? ''
    for (const given of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const again = await fetch(`${server.url}/embed/frame.mjs`, { headers: { 'if-none-match': given } })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
      expect(again.headers.get('content-length')).toBeNull()
    }
    const other = await fetch(`${server.url}/embed/frame.mjs`, { headers: { 'if-none-match': '"other"' } })
    expect(other.status).toBe(200)
  })

  it.each([
    'package.json',
    '..%2f..%2fpackage.json',
    '%2e%2e',
    '..%5c..%5cpackage.json',
    'frame.mjs%00.css',
    'chunks%2fde.mjs/x',
    'chunks/..%2fframe.mjs',
    'constructor',
    '__proto__',
    'chunks/x.mjs',
    'a/chunks/de.mjs',
  ])('answers 404 to %s, because only names of files are looked up', async (name) => {
    await using server = await testServer({ embed })
    expect((await fetch(`${server.url}/embed/${name}`)).status).toBe(404)
  })

  it('answers 404 and names the package to install when the server has no files of the iframe', async () => {
    await using server = await testServer()
    for (const path of ['/embed', '/embed/frame.mjs']) {
      const answer = await fetch(server.url + path)
      expect([answer.status, await answer.text()]).toEqual([
        404,
        expect.stringContaining('Install `@callgather/embed`'),
      ])
    }
  })

  it('a server whose files lack the script of the page does not start', async () => {
    await expect(testServer({ embed: { 'frame.mjs': '' } })).rejects.toThrow('`embed` has no file callgather.mjs')
  })
})

describe('the sockets of the iframe', () => {
  const originOf = (server: { url: string }) => new URL(server.url).origin

  it('a server with the iframe accepts a socket of its own origin, and no other origin that is not allowed', async () => {
    await using server = await testServer({ embed })
    const socket = await server.connect({}, { origin: originOf(server) })
    expect(socket.connected).toBe(true)
    await expect(server.connect({}, { origin: 'https://hostile.example' })).rejects.toThrow()
    await expect(server.connect({}, { origin: 'null' })).rejects.toThrow()
    await expect(server.connect({ ticket: 'forged' }, { origin: originOf(server) })).rejects.toThrow()
  })

  it('a server without the iframe refuses a socket of its own origin, unless the origin is allowed', async () => {
    await using server = await testServer()
    await expect(server.connect({}, { origin: originOf(server) })).rejects.toThrow()
  })
})
