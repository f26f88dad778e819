import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runProgram } from './run.ts'
import { createSimulator } from './simulator.ts'

/** Path of a Python with the `requests` package, which Debian installs with python3-requests. */
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import requests']).status === 0,
)
if (!python) console.warn('No Python with `requests` was found: the test of a Python program is skipped.')

const folder = fileURLToPath(new URL('../../../../examples/unmodified', import.meta.url))

async function start(...command: [string, ...string[]]) {
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

  it('callgather-simulator run explains the fix when the program is not on PATH', async () => {
    const { program, lines } = await start('no-such-program')
    expect(await program.exitCode).toBe(127)
    expect(lines.join('\n')).toContain('Check that "no-such-program" is on PATH.')
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
})
