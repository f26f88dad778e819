import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { faultNames } from '../delivery/faults.ts'
import { createSimulator } from '../index.ts'
import { type Outcome, options, runCommandLine } from './command-line.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callgather-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function run(...args: string[]): Promise<{ outcome: Outcome; out: string; err: () => string } & AsyncDisposable> {
  let out = ''
  let err = ''
  const outcome = await runCommandLine(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    colours: false,
  })
  return {
    outcome,
    out,
    err: () => err,
    [Symbol.asyncDispose]: async () => ('sim' in outcome ? outcome.sim.close() : undefined),
  }
}

const file = async (name: string, value: unknown) => {
  const path = join(folder, name)
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

describe('callgather-simulator', () => {
  it('callgather-simulator prints one JSON line when it is ready, and logs calls to standard error', async () => {
    await using result = await run('--port', '0')
    expect(result.out.split('\n')).toHaveLength(2)
    const ready = JSON.parse(result.out)
    expect(Object.keys(ready)).toEqual(['url', 'publicKey', 'phone'])
    expect(ready.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v2$/)
    expect((await fetch(ready.phone)).status).toBe(200)
    const call = await fetch(`${ready.url.replace('/v2', '')}/_sim/calls`, {
      method: 'POST',
      body: '{"from":"+15551"}',
    })
    expect(call.status).toBe(201)
    expect(result.err()).toContain('+15551 calls +15550199')
    expect(result.err()).toContain('No --webhook-url')
  })

  it.each([
    [[], 'presses', '7'],
    [['--hide-digits'], 'presses', '•'],
  ])('callgather-simulator with the options %j logs a pressed key as "%s %s"', async (flags, words, shown) => {
    await using result = await run('--port', '0', ...flags)
    if (!('sim' in result.outcome)) throw new Error('The simulator did not start.')
    const { sim } = result.outcome
    const caller = await sim.phone.dial()
    await sim.fetch(`${sim.url}/calls/${caller.id}/actions/answer`, {
      method: 'POST',
      headers: { authorization: 'Bearer K' },
      body: '{}',
    })
    await caller.press('7')
    const line = result
      .err()
      .split('\n')
      .find((one) => one.includes(words))
    expect(line?.at(-1)).toBe(shown)
  })

  it('callgather-simulator --help lists all options and faults', async () => {
    await using result = await run('--help')
    for (const name of Object.keys(options)) expect(result.out).toMatch(new RegExp(`^  --${name}\\s`, 'm'))
    for (const name of Object.keys(faultNames)) expect(result.out).toContain(name)
  })

  it('callgather-simulator --help prints the help and exits with 0', async () => {
    await using result = await run('--help')
    expect(result.outcome).toEqual({ exitCode: 0 })
    for (const option of ['--webhook-url', '--virtual-clock', '--seed', '--scenario', '--config', '--fault'])
      expect(result.out).toContain(option)
  })

  it('callgather-simulator --version prints the version of the package', async () => {
    await using result = await run('--version')
    expect(result.outcome).toEqual({ exitCode: 0 })
    expect(result.out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it.each([
    [['--prot', '1'], "Unknown option '--prot'. Did you mean --port?"],
    [['--webhok-url', 'http://localhost'], "Unknown option '--webhok-url'. Did you mean --webhook-url?"],
    [['--colour'], "Unknown option '--colour'.\nTry --help."],
    [['--port', 'x'], '--port needs a number'],
    [['--port', '70000'], '--port needs a number'],
    [['--webhook-url', 'http://example.com'], 'not a loopback address'],
    [['--model', 'x'], '--model needs --model-url'],
    [['--model-url', 'here'], '--model-url needs a URL'],
    [['--fault', 'dorp=1'], "Unknown fault 'dorp'. Did you mean drop?"],
    [['--fault', 'foo=1'], "Unknown fault 'foo'.\nTry --help."],
    [
      ['node', 'app.js'],
      "Unexpected argument 'node'. To start a program, use: callgather-simulator run -- node app.js.",
    ],
    [['--fault', 'drop=lots'], '--fault needs a name and a rate'],
    [['--config', '/nowhere/at/all.json'], 'Cannot read the config file'],
  ])('callgather-simulator rejects the arguments %j with exit code 2 and the error "%s"', async (args, why) => {
    await using result = await run(...args)
    expect(result.outcome).toEqual({ exitCode: 2 })
    expect(result.err()).toContain(why)
    expect(result.out).toBe('')
  })

  it('callgather-simulator reports that its port is already in use', async () => {
    await using sim = await createSimulator()
    await using result = await run('--port', new URL(sim.url).port)
    expect(result.err()).toContain('the port is already in use')
  })

  it('callgather-simulator merges its config file with the command-line arguments', async () => {
    const config = await file('config.json', {
      port: 0,
      seed: 'one',
      faults: { drop: 0.5 },
      settings: { gather: { emitSpeakEvents: true } },
    })
    await using result = await run('--config', config, '--fault', 'duplicate=1', '--quiet')
    if (!('sim' in result.outcome)) throw new Error(result.err())
    const { sim } = result.outcome
    expect(sim.faults.get()).toEqual({ drop: { rate: 0.5 }, duplicate: { rate: 1 } })
    expect(sim.settings.gather.emitSpeakEvents).toBe(true)
    expect(result.err()).toBe('')
    await using same = await run('--port', '0', '--seed', 'one', '--quiet')
    expect(JSON.parse(same.out).publicKey).toBe(sim.publicKey)
  })

  it.each([
    [{ prot: 1 }, 'Unrecognized key: "prot"'],
    [[], 'expected object, received array'],
    ['{', 'Cannot read the config file'],
    [{ settings: { gahter: {} } }, 'settings: Unrecognized key: "gahter"'],
    [{ settings: { gather: { emitSpeak: true } } }, 'settings: gather: Unrecognized key: "emitSpeak"'],
    [{ settings: { gather: { emitSpeakEvents: 'yes' } } }, 'gather.emitSpeakEvents: Invalid input: expected boolean'],
  ])('callgather-simulator rejects the config file %j with the error "%s"', async (config, why) => {
    await using result = await run('--config', await file('config.json', config))
    expect(result.outcome).toEqual({ exitCode: 2 })
    expect(result.err()).toContain(why)
  })

  it('callgather-simulator logs the URL of a model endpoint that cannot be reached', async () => {
    await using result = await run('--port', '0', '--model-url', 'http://127.0.0.1:9/v1', '--model', 'qwen')
    if (!('sim' in result.outcome)) throw new Error(result.err())
    const { sim } = result.outcome
    const caller = await sim.phone.dial()
    const post = (command: string, body: unknown) =>
      sim.fetch(`${sim.url}/calls/${caller.id}/actions/${command}`, {
        method: 'POST',
        headers: { authorization: 'Bearer KEY' },
        body: JSON.stringify(body),
      })
    await post('answer', {})
    await post('ai_assistant_start', {})
    await caller.say('Hello?')
    await expect.poll(result.err, { timeout: 10_000 }).toContain('! trouble')
    expect(result.err()).toContain('http://127.0.0.1:9/v1')
  })

  it('callgather-simulator --virtual-clock advances its clock over HTTP', async () => {
    await using result = await run('--port', '0', '--virtual-clock', '--quiet')
    const origin = JSON.parse(result.out).url.replace('/v2', '')
    const post = (path: string, body: unknown) =>
      fetch(`${origin}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) })
    await post('calls', {})
    const answer = await post('clock/advance', { ms: 60_000 })
    expect(await answer.json()).toMatchObject({ data: { kind: 'virtual' } })
    const calls = (await (await fetch(`${origin}/_sim/calls`)).json()) as { data: unknown }
    expect(calls.data).toMatchObject([{ state: 'ended', hangup_cause: 'timeout' }])
  })

  it('callgather-simulator --scenario runs a scenario, and exits with 1 when a step fails', async () => {
    const good = await file('good.json', {
      name: 'no answer',
      steps: [{ expect: 'call.hangup', payload: { hangup_cause: 'timeout' }, timeoutMs: 70_000 }],
    })
    const bad = await file('bad.json', { name: 'too hopeful', steps: [{ waitForAnswer: true, timeoutMs: 1000 }] })
    await using fine = await run('--port', '0', '--virtual-clock', '--scenario', good)
    expect(fine.outcome).toEqual({ exitCode: 0 })
    expect(fine.err()).toContain('✓ no answer')
    await using result = await run('--port', '0', '--virtual-clock', '--scenario', bad, '--scenario', 'no-such-thing')
    expect(result.outcome).toEqual({ exitCode: 1 })
    expect(result.err()).toContain('✗ "too hopeful", step 1')
    expect(result.err()).toContain('examples: pin-entry')
  })
})
