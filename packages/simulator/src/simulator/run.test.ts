import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { python, pythonWith } from '@callgather/test-kit/python'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runProgram } from './run.ts'
import { createSimulator } from './simulator.ts'

const folder = fileURLToPath(new URL('../../../../examples/unmodified', import.meta.url))

async function start(...command: [string, ...string[]]) {
  return startIn(folder, ...command)
}

async function startIn(folder: string, ...command: [string, ...string[]]) {
  const sim = await createSimulator({ redirectWebhooks: true })
  const lines: string[] = []
  const program = await runProgram({ sim, command, folder, hasWebhookUrl: false, log: (line) => lines.push(line) })
  onTestFinished(async () => {
    program.stop('SIGTERM')
    await program.exitCode
    await sim.close()
  })
  return { sim, program, lines }
}

const programs: [name: string, runtime: string, file: string][] = [['Node.js', 'node', 'app.mjs']]
if (python) programs.push(['Python', python, 'app.py'])

/** Requests of Python clients. Only `requests` and `httpx` can use HTTPS_PROXY, and this httpx ignores it. */
const pythonRequests: [client: string, request: string][] = [
  [
    'http.client',
    'c = http.client.HTTPSConnection(host); c.request("GET", path, headers=key); status = c.getresponse().status',
  ],
  ['requests', 'status = requests.get(url, headers=key).status_code'],
  [
    'httpx',
    'status = httpx.Client(trust_env=False, verify=ssl.create_default_context()).get(url, headers=key).status_code',
  ],
  [
    'aiohttp',
    `
async def get():
    async with aiohttp.ClientSession() as session, session.get(url, headers=key) as response:
        return response.status
status = asyncio.run(get())`,
  ],
]

describe('callgather-simulator run', () => {
  it.each(programs)(
    'callgather-simulator run redirects an unchanged %s program that is hard-coded to https://api.telnyx.com',
    async (_, runtime, file) => {
      const { sim, lines } = await start(runtime, file)
      await expect.poll(() => lines.join('\n'), { timeout: 20_000 }).toContain('/webhooks/voice (')
      expect(lines.join('\n')).toMatch(/Webhooks {3}http:\/\/127\.0\.0\.1:\d+\/webhooks\/voice \(app\.\w+:\d+\)/)
      const caller = await sim.phone.dial({ to: '+15550199' })
      await caller.waitForPrompt('enter your PIN', { toTheEnd: true })
      await caller.press('5503')
      const ended = await caller.waitFor('call.gather.ended')
      expect(ended.payload).toMatchObject({ status: 'valid', digits: '5503' })
      await caller.ended()
    },
    60_000,
  )

  it('callgather-simulator run finds the routes for voice and messages, and counts more than five other routes', async () => {
    const project = await mkdtemp(join(tmpdir(), 'callgather-'))
    onTestFinished(() => rm(project, { recursive: true }))
    const routes = ['voice', 'sms', 'a', 'b', 'c', 'd', 'e'].map((name) => `/webhooks/${name}`)
    const source = [
      ...routes.map((path) => `// app.post('${path}')`),
      "require('node:http').createServer((_, response) => response.end()).listen(0, '127.0.0.1')",
    ]
    await writeFile(join(project, 'app.cjs'), source.join('\n'))
    const { sim, lines } = await startIn(project, 'node', 'app.cjs')
    await expect.poll(() => lines.join('\n'), { timeout: 20_000 }).toContain('/webhooks/voice (app.cjs:1)')
    expect(lines.join('\n')).toMatch(/Messages {3}http:\/\/127\.0\.0\.1:\d+\/webhooks\/sms \(app\.cjs:2\)/)
    expect(lines.join('\n')).toContain('Other POST routes: 6 in this folder; choose with --webhook-url.')
    sim.phone.text({ text: 'Hello' })
    expect(sim.deliveries().map(({ url }) => new URL(url).pathname)).toEqual(['/webhooks/sms'])
  })

  it('callgather-simulator run redirects curl with its proxy and certificate', async () => {
    const { program, lines } = await start('curl', '-sS', '-o', '/dev/null', 'https://api.telnyx.com/v2/public_key')
    expect(await program.exitCode).toBe(0)
    expect(lines).toEqual(['The program sent no command to https://api.telnyx.com.'])
  })

  it('callgather-simulator run returns the exit code of a program and reports that the program sent no command', async () => {
    const { program, lines } = await start('node', '-e', 'process.exit(3)')
    expect(await program.exitCode).toBe(3)
    expect(lines).toContain('The program sent no command to https://api.telnyx.com.')
  })

  it('callgather-simulator run returns 128 and the signal number when a signal ends the program', async () => {
    const { program, lines } = await start('node', '-e', "process.kill(process.pid, 'SIGKILL')")
    expect(await program.exitCode).toBe(137)
    expect(lines).toContain('SIGKILL ended the program.')
  })

  it('callgather-simulator run explains the fix when the program is not on PATH', async () => {
    const { program, lines } = await start('no-such-program')
    expect(await program.exitCode).toBe(127)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('Check that "no-such-program" is on PATH.')
  })

  it.each(['https', 'fetch'])(
    'callgather-simulator run redirects `%s` requests of a Node.js program to the simulator',
    async (client) => {
      const script =
        client === 'fetch'
          ? `fetch('https://api.telnyx.com/v2/public_key', { headers: { authorization: 'Bearer x' } }).then((r) => process.exit(r.status === 200 ? 0 : 1))`
          : `require('node:https').get('https://api.telnyx.com/v2/public_key', { headers: { authorization: 'Bearer x' } }, (r) => process.exit(r.statusCode === 200 ? 0 : 1))`
      const { program } = await start('node', '-e', script)
      expect(await program.exitCode).toBe(0)
    },
  )

  it.each(pythonRequests.filter(([client]) => pythonWith(client)))(
    'callgather-simulator run redirects requests of Python client `%s` to the simulator',
    async (client, request) => {
      const lines = [
        `import asyncio, ssl, sys, ${client}`,
        "host, path, key = 'api.telnyx.com', '/v2/public_key', {'authorization': 'Bearer x'}",
        "url = f'https://{host}{path}'",
        request,
        'sys.exit(0 if status == 200 else 1)',
      ]
      const { program } = await start(pythonWith(client) as string, '-c', lines.join('\n'))
      expect(await program.exitCode).toBe(0)
    },
    30_000,
  )
})
