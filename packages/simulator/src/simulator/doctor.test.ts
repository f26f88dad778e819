/** Tests the doctor against programs on sockets that use the official SDK well, carelessly or not at all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Telnyx from 'telnyx'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Row } from '../doctor/checks.ts'
import { runCommandLine } from './command-line.ts'
import { runDoctor } from './doctor.ts'

type Program = (raw: string, request: IncomingMessage, response: ServerResponse, client: Telnyx) => Promise<void> | void

async function examineProgram(program: Program, patienceMs?: number): Promise<Row[]> {
  let client: Telnyx | undefined
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (client) await program(Buffer.concat(chunks).toString(), request, response, client)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { rows } = await runDoctor({
    webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    command: null,
    seed: 'test',
    port: 0,
    allowRemote: false,
    onRow() {},
    log() {},
    onStart: ({ publicKey, baseUrl }) => {
      client = new Telnyx({ apiKey: 'KEY', publicKey, baseURL: baseUrl, maxRetries: 0 })
    },
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
  return rows
}

const failed = (rows: readonly Row[]) => rows.filter(({ result }) => result === 'failed').map(({ name }) => name)

/** Answers each call once, and treats all other events as done. */
function wellBehaved(): Program {
  const handled = new Set<string>()
  return async (raw, request, response, client) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const event = await client.webhooks.unwrap(raw, { headers }).catch(() => null)
    if (!event) return void response.writeHead(401).end()
    response.end()
    const { data } = event as { data: { id: string; event_type: string; payload: { call_control_id: string } } }
    if (handled.has(data.id) || data.event_type !== 'call.initiated') return
    handled.add(data.id)
    await client.calls.actions.answer(data.payload.call_control_id, {}).catch(() => {})
  }
}

describe('callgather-simulator doctor', () => {
  it('passes a program that verifies each webhook with the official SDK and handles it once', async () => {
    const rows = await examineProgram(wellBehaved())
    expect(rows.filter(({ result }) => result !== 'passed')).toEqual([])
    expect(rows).toHaveLength(13)
    expect(rows[0]?.observed).toMatch(/^200 in \d+ ms, then answer$/)
  })

  it('fails a program that verifies nothing and handles duplicates, in the rows of these checks only', async () => {
    const rows = await examineProgram(async (raw, _, response, client) => {
      let data: { event_type: string; payload: { call_control_id: string } }
      try {
        data = JSON.parse(raw).data
      } catch {
        return void response.writeHead(400).end()
      }
      response.end()
      if (data.event_type === 'call.initiated')
        await client.calls.actions.answer(data.payload.call_control_id, {}).catch(() => {})
    })
    expect(failed(rows)).toEqual([
      'rejects an unsigned webhook',
      'rejects a webhook signed with another key',
      'rejects a webhook whose body was changed',
      'rejects a webhook that is 6 minutes old',
      'handles a duplicate once',
    ])
    expect(rows[1]?.observed).toMatch(/^200 in \d+ ms, then answer$/)
  })

  it('fails a program that verifies a body which it serialised again', async () => {
    const good = wellBehaved()
    const rows = await examineProgram((raw, ...rest) =>
      good(isJson(raw) ? JSON.stringify(JSON.parse(raw)) : raw, ...rest),
    )
    expect(failed(rows)).toEqual(['accepts an indented body'])
  })

  it('fails a program whose body parser has a limit of 100 kB, and explains the limit', async () => {
    const good = wellBehaved()
    const rows = await examineProgram((raw, request, response, client) =>
      raw.length > 100_000 ? void response.writeHead(413).end() : good(raw, request, response, client),
    )
    expect(failed(rows)).toEqual(['accepts a body of 256 KiB'])
    expect(rows.find(({ result }) => result === 'failed')?.why).toContain('size limit')
  })

  it('fails a program that answers late, although it handles each webhook', async () => {
    const good = wellBehaved()
    let isFirst = true
    const rows = await examineProgram(async (...args) => {
      if (isFirst) await new Promise((resolve) => setTimeout(resolve, 2100))
      isFirst = false
      await good(...args)
    })
    expect(failed(rows)).toEqual(['answers within 2000 ms'])
  })

  it('stops after the first check when a program never answers, and reports the timeout', async () => {
    const rows = await examineProgram(() => {}, 100)
    expect(failed(rows)).toEqual(['accepts a signed webhook'])
    expect(rows[0]).toMatchObject({ observed: expect.stringContaining('no answer within 100 ms') })
    expect(rows[0]?.why).toContain('Answer 200 first')
    expect(rows.slice(1).map(({ result }) => result)).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
  })

  it('explains the public key when a program rejects signed webhooks', async () => {
    const rows = await examineProgram((_, __, response) => void response.writeHead(403).end())
    expect(failed(rows)).toEqual(['accepts a signed webhook'])
    expect(rows[0]?.why).toContain('TELNYX_PUBLIC_KEY=')
  })
})

async function run(...args: string[]) {
  const text = { out: '', err: '' }
  const outcome = await runCommandLine(args, {
    out: (line) => {
      text.out += line
    },
    err: (line) => {
      text.err += line
    },
    colours: false,
  })
  return { outcome, ...text }
}

describe('the command line of the doctor', () => {
  it('doctor -- COMMAND starts the program with its public key, and detects its route', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'callgather-doctor-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(
      join(folder, 'app.mjs'),
      `import { createServer } from 'node:http'
      createServer(({ url }, response) => {
        const isOk = process.env.TELNYX_PUBLIC_KEY && url === '/hooks'
        response.writeHead(isOk ? 200 : 500).end()
      }).listen(0, '127.0.0.1')`,
    )
    const report = await runDoctor({
      webhookUrl: undefined,
      command: ['node', 'app.mjs'],
      folder,
      seed: 'test',
      port: 0,
      allowRemote: false,
      onStart() {},
      onRow() {},
      log() {},
    })
    expect(report.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hooks$/)
    expect(report.rows[0]).toMatchObject({ name: 'accepts a signed webhook', result: 'passed' })
    expect(failed(report.rows)).toContain('rejects an unsigned webhook')
  }, 30_000)

  it('doctor -- COMMAND reports a program that ends before it listens', async () => {
    const program = ['node', '-e', 'process.exit(4)']
    const { outcome, out, err } = await run('doctor', '--json', '--port', '0', '--', ...program)
    expect(outcome).toEqual({ exitCode: 2 })
    expect(out).toBe('')
    expect(err).toContain('The program ended with exit code 4 before it listened.')
  })

  it('doctor --json prints one JSON line to standard output', async () => {
    const { outcome, out } = await run('doctor', '--json', '--port', '0', '--webhook-url', 'http://127.0.0.1:9/hooks')
    expect(outcome).toEqual({ exitCode: 1 })
    const report = JSON.parse(out)
    expect(Object.keys(report)).toEqual(['ok', 'url', 'publicKey', 'rows'])
    expect(report.rows[0]).toMatchObject({ name: 'accepts a signed webhook', result: 'failed' })
  })

  it('doctor reports a program that does not run, and exits with 1', async () => {
    const { outcome, out } = await run('doctor', '--port', '0', '--webhook-url', 'http://127.0.0.1:9/hooks')
    expect(outcome).toEqual({ exitCode: 1 })
    expect(out).toContain('✗ accepts a signed webhook')
    expect(out).toContain('Nothing listens on 127.0.0.1:9')
    expect(out).toContain('0 passed, 1 failed, 4 unknown.')
  })

  it.each([
    [['doctor'], 'doctor needs --webhook-url URL'],
    [['doctor', '--virtual-clock', '--webhook-url', 'http://127.0.0.1:9'], 'doctor does not take --virtual-clock'],
    [['doctor', '--webhook-url', 'http://example.com'], 'not a loopback address'],
    [['--json'], '--json needs doctor'],
  ])('the command line rejects the arguments %j with exit code 2 and the error "%s"', async (args, why) => {
    const { outcome, err } = await run(...args)
    expect(outcome).toEqual({ exitCode: 2 })
    expect(err).toContain(why)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
