/** Sends to receivers that fail in every way, and to addresses that the server must not reach. */
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findUrlProblem, httpSender, isPublicAddress } from './destination.ts'

const message = { headers: { 'content-type': 'application/json' }, body: '{}' }
const noAbort = new AbortController().signal

/** Starts an HTTP server and returns its port and the number of requests so far. */
async function serverOf(handler: Parameters<typeof createServer>[1]) {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    handler?.(request, response as never)
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests: () => requests }
}

const sendTo = (url: string, options: { timeoutMs?: number; allowPrivateUrl?: boolean } = {}) =>
  httpSender(url, { timeoutMs: 500, allowPrivateUrl: true, ...options })(message, noAbort)

describe('the answer of a receiver', () => {
  it.each([200, 201, 204, 299])('counts status %i as delivered', async (status) => {
    const { port } = await serverOf((_, response) => response.writeHead(status).end())
    expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'delivered' })
  })

  it.each([300, 304, 400, 401, 404, 429, 500, 503])('counts status %i as failed', async (status) => {
    const { port } = await serverOf((_, response) => response.writeHead(status).end('no'))
    expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'failed', reason: String(status) })
  })

  it('gives up at status 410', async () => {
    const { port } = await serverOf((_, response) => response.writeHead(410).end())
    expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'gone' })
  })

  it('does not follow a redirect', async () => {
    const target = await serverOf((_, response) => response.writeHead(200).end())
    const location = `http://127.0.0.1:${target.port}/`
    for (const status of [301, 302, 303, 307, 308]) {
      const { port } = await serverOf((_, response) => response.writeHead(status, { location }).end())
      expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'failed', reason: String(status) })
    }
    expect(target.requests()).toBe(0)
  })

  it('fails when the receiver does not answer before the timeout', async () => {
    const { port } = await serverOf(() => {})
    expect(await sendTo(`http://127.0.0.1:${port}/`, { timeoutMs: 50 })).toEqual({ kind: 'failed', reason: 'timeout' })
  })

  it('fails when the receiver closes the connection, or does not speak HTTP', async () => {
    const { port } = await serverOf((request) => request.socket.destroy())
    expect(await sendTo(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'failed', reason: 'ECONNRESET' })
    const strange = createTcpServer((socket) => socket.end('SSH-2.0-strange\r\n'))
    await new Promise<void>((resolve) => strange.listen(0, resolve))
    onTestFinished(() => void strange.close())
    const { port: tcpPort } = strange.address() as AddressInfo
    expect(await sendTo(`http://127.0.0.1:${tcpPort}/`)).toEqual({ kind: 'failed', reason: 'HPE_INVALID_CONSTANT' })
  })

  it('closes the connection of a receiver whose answer never ends', async () => {
    let sent = 0
    let onClosed = () => {}
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve
    })
    const { port } = await serverOf((_, response) => {
      response.writeHead(200)
      const write = () => {
        sent += 16_384
        if (response.write(Buffer.alloc(16_384))) setImmediate(write)
        else response.once('drain', write)
      }
      response.on('error', () => {})
      response.once('close', onClosed)
      write()
    })
    expect(await sendTo(`http://127.0.0.1:${port}/`, { timeoutMs: 20_000 })).toEqual({ kind: 'delivered' })
    await closed
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })

  it('fails when the server stops', async () => {
    const { port } = await serverOf(() => {})
    const abort = new AbortController()
    const sent = httpSender(`http://127.0.0.1:${port}/`, { timeoutMs: 10_000, allowPrivateUrl: true })(
      message,
      abort.signal,
    )
    abort.abort()
    expect(await sent).toMatchObject({ kind: 'failed' })
  })
})

describe('addresses that are not public', () => {
  const literals = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[fe80::1]',
    '[fd00::1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ]
  it.each(literals)('refuses to start with the host %s', (host) => {
    expect(findUrlProblem(`https://${host}/records`, false)).toContain('public address')
  })

  it.each([
    ['http://crm.example.com/', 'https'],
    ['ftp://crm.example.com/', 'must be a URL'],
    ['crm.example.com', 'must be a URL'],
    ['https://user:secret@crm.example.com/', 'a user or a password'],
  ])('refuses to start with the URL %s', (url, problem) => {
    expect(findUrlProblem(url, false)).toContain(problem)
    expect(findUrlProblem('https://crm.example.com/records', false)).toBeNull()
  })

  it('does not connect to a name that resolves to loopback', async () => {
    const { port, requests } = await serverOf((_, response) => response.writeHead(200).end())
    const url = `http://localhost:${port}/`
    expect(await sendTo(url, { allowPrivateUrl: false })).toEqual({ kind: 'failed', reason: 'private_address' })
    expect(requests()).toBe(0)
    expect(await sendTo(url)).toEqual({ kind: 'delivered' })
  })

  it('knows public addresses', () => {
    expect(
      ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14'].map(isPublicAddress),
    ).toEqual([true, true, true])
    expect(['', 'localhost', '127.0.0.1'].map(isPublicAddress)).toEqual([false, false, false])
  })
})
