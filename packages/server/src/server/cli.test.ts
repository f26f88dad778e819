import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROTOCOL_VERSION, type WatchReply, WireReader } from '@callgather/protocol'
import { bundleOf } from '@callgather/test-kit/program'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { io } from 'socket.io-client'
import { afterAll, describe, expect, it } from 'vitest'
import { createTickets } from '../access/tickets.ts'
import { program, startServer } from '../testing/program.ts'
import { CALL, type ClientSocket, SECRET } from '../testing/server.ts'
import { ConfigError, readConfig } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'callgather-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const signer = new Signer()
const environment = (store: string) => ({
  PORT: '0',
  TELNYX_API_KEY: 'KEY-test',
  TELNYX_PUBLIC_KEY: signer.publicKey,
  CALLGATHER_TICKET_SECRET: SECRET,
  CALLGATHER_STORE: store,
})

const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`

const post = (url: string, content: unknown) => {
  const { headers, body } = signer.sign(content)
  return fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })
}

/** Returns the snapshot of a call's log that a new client receives. */
async function seen(url: string, callId: string): Promise<Extract<WatchReply, { ok: true }>> {
  const { origin, pathname } = new URL(url)
  const ticket = await createTickets(SECRET).issue({ subject: 'test', calls: '*', scopes: ['view'] })
  const socket: ClientSocket = io(origin, {
    path: `${pathname}/socket.io`,
    transports: ['websocket'],
    forceNew: true,
    auth: { ticket, protocol: PROTOCOL_VERSION },
  })
  try {
    const written = await socket.timeout(5000).emitWithAck('call:watch', { call_id: callId })
    const reply = new WireReader().readReply(callId, written)
    if (!reply.ok) throw new Error(reply.error.title)
    return reply
  } finally {
    socket.close()
  }
}

describe('callgather-server', () => {
  it('keeps each acknowledged key press once after kill -9, with its sequence number, under a new epoch', async () => {
    const store = `file:${join(folder, 'killed.db')}`
    const first = await startServer(environment(store))
    const answered = webhookOf('call.answered', { call_control_id: CALL })
    const keys = [...'12'].map((digit, index) =>
      webhookOf('call.dtmf.received', { call_control_id: CALL, digit }, { id: `key-${index}` }),
    )
    for (const content of [answered, ...keys]) expect((await post(first.ready.webhooks, content)).status).toBe(200)
    const before = await seen(first.ready.url, CALL)
    await first.end('SIGKILL')

    const second = await startServer(environment(store))
    // Telnyx got no answer to the last webhook and retries it.
    expect((await post(second.ready.webhooks, keys[1])).status).toBe(200)
    expect(
      (await post(second.ready.webhooks, webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '3' })))
        .status,
    ).toBe(200)
    const after = await seen(second.ready.url, CALL)
    expect(after.cursor.seq).toBe(4)
    expect(after.cursor.epoch).not.toBe(before.cursor.epoch)
    expect(after.records.slice(0, 3)).toEqual(before.records)
    expect(after.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(await second.end('SIGTERM')).toBe(0)
    expect(second.log()).not.toContain('"digit"')
  })

  it('the program begins a new epoch at each start with the memory store', async () => {
    const epochs: string[] = []
    for (let start = 0; start < 2; start++) {
      const server = await startServer(environment('memory:'))
      await post(server.ready.webhooks, webhookOf('call.answered', { call_control_id: CALL }))
      epochs.push((await seen(server.ready.url, CALL)).cursor.epoch)
      await server.end('SIGTERM')
    }
    expect(epochs[0]).not.toBe(epochs[1])
  })

  it('the program refuses to start and names every missing or invalid environment variable', async () => {
    const start = startServer({ PORT: '0', TELNYX_PUBLIC_KEY: 'c2VjcmV0LWNhbmFyeQ==', CALLGATHER_STORE: 'memory:' })
    await expect(start).rejects.toThrow(/TELNYX_API_KEY[\s\S]*TELNYX_PUBLIC_KEY[\s\S]*CALLGATHER_TICKET_SECRET/)
    await expect(start).rejects.not.toThrow('c2VjcmV0')
  })
})

describe('the program', () => {
  it.each([
    ['HOST', { HOST: '203.0.113.1' }],
    ['CALLGATHER_STORE', { CALLGATHER_STORE: 'file:/dev/null/calls.db' }],
    ['CALLGATHER_STORE', { CALLGATHER_STORE: 'file:/proc/callgather/calls.db' }],
  ])('the program exits with an error that names the variable %s when its value is unusable', async (name, changes) => {
    await expect(startServer({ ...environment('memory:'), ...changes })).rejects.toThrow(`${name}: `)
  })

  it.each([
    ['libsql', `file:${join(folder, 'no-driver.db')}`],
    ['redis', 'redis://127.0.0.1:1'],
  ])(
    'the program exits with the install command of the package `%s` when the store needs it and it is missing',
    async (name, store) => {
      const hooks = `export async function resolve(specifier, context, next) {
      if (specifier !== '${name}') return next(specifier, context)
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
      const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))})`
      const start = startServer({ ...environment(store), NODE_OPTIONS: `--import=${dataUrl(register)}` })
      await expect(start).rejects.toThrow(`npm install ${name}`)
    },
  )

  it('the program answers /readyz with 503 and keeps serving during its grace period after SIGHUP', async () => {
    const server = await startServer({ ...environment('memory:'), CALLGATHER_GRACE_SECONDS: '60' })
    process.kill(server.pid, 'SIGHUP')
    const ready = async () => (await fetch(`${server.ready.url}/readyz`)).text()
    await expect.poll(ready, { timeout: 10_000 }).toContain('leaving')
    expect((await post(server.ready.webhooks, webhookOf('call.answered', { call_control_id: CALL }))).status).toBe(200)
    expect(await server.end('SIGTERM')).toBe(0)
  })

  it('the program answers webhooks and exits while the reader of its log stalls', async () => {
    const child = spawn(process.execPath, [await bundleOf(program)], {
      env: {
        PATH: process.env.PATH ?? '',
        ...environment('memory:'),
        LOG_LEVEL: 'debug',
        CALLGATHER_GRACE_SECONDS: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr.pause()
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const { url, webhooks } = JSON.parse(line) as { url: string; webhooks: string }
    const denied = async (index: number) => {
      const ticket = await createTickets(SECRET).issue({ subject: `agent-${index}`, calls: ['x'], scopes: ['gather'] })
      const action = `${url}/v2/calls/${'x'.repeat(490)}/actions/gather`
      const answer = await fetch(action, { method: 'POST', headers: { authorization: `Bearer ${ticket}` } })
      expect(answer.status).toBe(404)
      await answer.arrayBuffer()
    }
    // This is twice the capacity of a pipe.
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 60 }, (_, index) => denied(round * 60 + index)))
    }
    expect((await post(webhooks, webhookOf('call.answered', { call_control_id: CALL }))).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('the configuration', () => {
  const good = environment('memory:')
  const problemsOf = (changes: Record<string, string>) => {
    try {
      readConfig({ ...good, ...changes })
      return []
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return error.problems
    }
  }

  it('reads the server configuration from the environment and fills in the defaults', () => {
    const config = readConfig({ ...good, PORT: '' })
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      options: { basePath: '/callgather', insecure: false },
    })
  })

  const wrong: Record<string, string> = {
    PORT: '70000',
    TELNYX_PUBLIC_KEY: 'not a key',
    TELNYX_BASE_URL: 'ftp://x',
    CALLGATHER_STORE: 'mongo:x',
    CALLGATHER_TICKET_SECRET: 'short',
    CALLGATHER_ALLOWED_ORIGINS: 'https://good.example.com, *',
    CALLGATHER_BASE_PATH: 'no-slash',
    CALLGATHER_TRUST_PROXY: '10.0.0.0/8, proxy.example.com',
    CALLGATHER_INSECURE: 'yes',
    LOG_LEVEL: 'loud',
    CALLGATHER_MASK: 'very',
    CALLGATHER_RETENTION_HOURS: '1',
    CALLGATHER_RECONCILE: 'maybe',
    CALLGATHER_TRANSCRIPT_HOURS: 'Infinity',
    CALLGATHER_GRACE_SECONDS: '-1',
    CALLGATHER_MEDIA_HOSTS: 'https://media.example.com/a',
    TELNYX_CONNECTION_IDS: ',',
    CALLGATHER_MAKS: 'all',
  }
  for (const [name, value] of Object.entries(wrong)) {
    it(`the configuration error names the invalid variable ${name} without quoting its value`, () => {
      const problems = problemsOf({ [name]: value })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toMatch(new RegExp(`^${name}: .{15,}`))
      if (name.includes('KEY') || name.includes('SECRET')) expect(problems[0]).not.toContain(value)
    })
  }

  it.each([
    ['CALLGATHER_RETENTION_HOURS', 'Infinity'],
    ['CALLGATHER_BASE_PATH', '/../x'],
    ['CALLGATHER_BASE_PATH', '/a/.'],
  ])('rejects the environment variable %s=%s and names it', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name}: `)])
  })

  it('reads the destination of call records from the environment, with every secret of a rotation', () => {
    const secrets = ['a', 'b'].map((letter) => `whsec_${letter.repeat(44)}`)
    const url = 'https://crm.example.com/calls'
    const set = { CALLGATHER_RECORD_URL: url, CALLGATHER_RECORD_SECRET: secrets.join(', ') }
    expect(readConfig({ ...good, ...set, CALLGATHER_RECORD_WRAP_UP_SECONDS: '60' }).options.records).toEqual({
      url,
      secret: secrets,
      wrapUpTimeoutMs: 60_000,
      allowPrivateUrl: false,
    })
    expect(readConfig(good).options.records).toBeUndefined()
    expect(problemsOf({ ...set, CALLGATHER_RECORD_SECRET: '' })).toEqual([
      expect.stringMatching('^CALLGATHER_RECORD_SECRET: '),
    ])
    const [problem, ...others] = problemsOf({ ...set, CALLGATHER_RECORD_SECRET: `${secrets[0]}, short` })
    expect([problem, others.length]).toEqual([expect.stringMatching('^CALLGATHER_RECORD_SECRET.*whsec_'), 0])
    expect(problem).not.toContain('short')
    const inside = { ...set, CALLGATHER_RECORD_URL: 'http://10.0.0.8/calls' }
    expect(problemsOf(inside)).toEqual([expect.stringMatching('^CALLGATHER_RECORD_URL: ')])
    expect(problemsOf({ ...inside, CALLGATHER_RECORD_ALLOW_PRIVATE_URL: 'true' })).toEqual([])
  })

  it('suggests the nearest name for a misspelt environment variable and ignores variables of other programs', () => {
    expect(problemsOf({ CALLGATHER_STOR: 'memory:' })).toEqual([expect.stringContaining('CALLGATHER_STORE')])
    expect(readConfig({ ...good, TELNYX_CONNECTION_ID: '1' }).warnings).toEqual([
      expect.stringContaining('TELNYX_CONNECTION_IDS'),
    ])
    expect(readConfig({ ...good, CALLGATHER_SERVICE_HOST: '10.0.0.1', TELNYX_LOG: 'off' }).warnings).toEqual([])
  })

  it('reads the trusted proxies from the environment as a count or as addresses', () => {
    const trusted = (text: string) => readConfig({ ...good, CALLGATHER_TRUST_PROXY: text }).options.trustProxy
    expect(trusted('')).toBeUndefined()
    expect(trusted('2')).toBe(2)
    expect(trusted('10.0.0.0/8, ::1, uniquelocal')).toEqual(['10.0.0.0/8', '::1', 'uniquelocal'])
  })

  it('the configuration error names every missing environment variable', () => {
    expect(() => readConfig({})).toThrow(/TELNYX_API_KEY[\s\S]*TELNYX_PUBLIC_KEY[\s\S]*CALLGATHER_TICKET_SECRET/)
  })
})
