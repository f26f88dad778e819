/**
 * Runs code of the documents as written, on the builds: the shell blocks of the quick start, the erasure of a call, each
 * server that a document starts, the programs that need no server, the help of the benchmarks, and the simulator's config
 * file. Only ports, hosts and placeholders are replaced. Not run: what installs packages, or needs a Telnyx account, a browser
 * or Docker. `testing-guide.test.ts` runs the tests of the testing guide.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { allDocuments, type Block, blocksOf, programsOf, root } from '@callgather/test-kit/documents'
import { commandsOf } from '@callgather/test-kit/documents/shell'
import { freePort } from '@callgather/test-kit/free-port'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isLong } from './long.ts'

const run = promisify(execFile)
const tsx = join(root, 'node_modules/tsx/dist/esm/index.mjs')

/** Where a project of a reader has its packages from. */
const installed: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['protocol', 'server', 'simulator', 'embed', 'react'].map((name) => [`@callgather/${name}`, `packages/${name}`]),
  ),
  ...Object.fromEntries(
    ['express', 'fastify', 'hono', '@hono/node-server', 'libsql', 'redis'].map((name) => [
      name,
      `packages/server/node_modules/${name}`,
    ]),
  ),
  telnyx: 'apps/console/node_modules/telnyx',
}

/** Runs our command line programs instead of npm's `npx`. */
const npx = `#!/bin/sh
while [ "$1" = -p ]; do shift 2; done
program=\${1#@callgather/}; program=\${program#callgather-}; shift
[ "$program" = simulator ] && set -- "$@" --port "$SIMULATOR_PORT"
exec "${process.execPath}" "${root}/packages/$program/dist/cli.mjs" "$@"
`

/** Prints the ticket that the console of the quick start gets, instead of starting it. */
const npm = '#!/bin/sh\nprintf \'{"ticket":"%s"}\\n\' "$VITE_TICKET"\n'

/** Makes every server listen on a free port, which it prints. */
const onFreePort = `
import net from 'node:net'
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...args) {
  this.once('listening', () => console.log(JSON.stringify({ port: this.address().port })))
  return listen.call(this, 0, '127.0.0.1', ...args.filter((it) => typeof it === 'function'))
}
`

const yourApp = `
export const app = (_request, response) => response.end('yours')
export const agentOf = async () => 'agent-7'
export const sessionOf = async () => ({ agentId: 'agent-7', callIds: ['v3:a'] })
export const callsOf = async () => ['v3:a']
`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callgather-documents-'))
  for (const [name, path] of Object.entries(installed)) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, path), link)
  }
  const files = { 'bin/npx': npx, 'bin/npm': npm, 'port.mjs': onFreePort }
  await mkdir(join(folder, 'bin'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  for (const name of ['bin/npx', 'bin/npm']) await chmod(join(folder, name), 0o755)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'reader', private: true, type: 'module' }))
})

const documents = allDocuments()
const blocksIn = (path: string) => documents.filter((document) => document.path === path).flatMap(blocksOf)

/** The block of a document that a pattern matches. */
function blockOf(path: string, pattern: RegExp): Block {
  const found = blocksIn(path).find(({ code }) => pattern.test(code))
  if (!found) throw new Error(`${path} has no block like ${pattern}. Change the pattern if the document was rewritten.`)
  return found
}

/** A public key as the portal of Telnyx shows it. */
const publicKey = () =>
  generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')

const baseEnvironment = () => ({
  PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
  HOME: folder,
  CALLGATHER_GRACE_SECONDS: '0',
})

const children: ChildProcess[] = []

afterAll(async () => {
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null || !child.pid) return resolve()
          child.once('exit', () => resolve())
          process.kill(-child.pid, 'SIGKILL')
        }),
    ),
  )
  await rm(folder, { recursive: true, force: true })
})

/** Starts a program with its children. Resolves to its first line of JSON. */
function start(
  command: string,
  args: readonly string[],
  place: string,
  environment: Readonly<Record<string, string>> = {},
  cwd = folder,
): Promise<Record<string, string>> {
  const child: ChildProcess = spawn(command, args, {
    cwd,
    env: { ...baseEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    let [output, errors] = ['', '']
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const line = output.split('\n').find((it, nth, { length }) => it.startsWith('{') && nth < length - 1)
      if (line) resolve(JSON.parse(line) as Record<string, string>)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${place} exited with ${code}: ${errors}`)))
  })
}

const placeOf = ({ path, line }: { readonly path: string; readonly line: number }) => `${path}:${line}`

/** Sends the request of a `curl` command. */
function curl(code: string): Promise<Response> {
  const words = commandsOf(code).find(({ words }) => words[0] === 'curl')?.words ?? []
  const valuesOf = (option: string) => words.flatMap((word, nth) => (word === option ? [words[nth + 1] ?? ''] : []))
  const [body] = valuesOf('-d')
  const headers = valuesOf('-H').map((header) => header.split(': ') as [string, string])
  const method = valuesOf('-X')[0] ?? (body === undefined ? 'GET' : 'POST')
  return fetch(words.find((word) => word.startsWith('http')) ?? '', {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
}

describe('The shell blocks of the quick start', () => {
  it('start the simulator, the server and a call that the ticket of the console shows', async () => {
    const path = 'docs/guides/quick-start.mdx'
    const [simulatorPort, serverPort] = [await freePort(), await freePort()]
    const environment = { SIMULATOR_PORT: `${simulatorPort}`, PORT: `${serverPort}` }
    let key = '…'
    const written = (code: string) =>
      code
        .replaceAll('12111', `${simulatorPort}`)
        .replaceAll('8787', `${serverPort}`)
        .replaceAll('PUBLIC_KEY=…', `PUBLIC_KEY=${key}`)
    const shell = (block: Block) => start('bash', ['-ec', written(block.code)], placeOf(block), environment)

    const simulator = await shell(blockOf(path, /callgather-simulator.*--webhook-url/))
    expect(simulator.url).toBe(`http://127.0.0.1:${simulatorPort}/v2`)
    key = simulator.publicKey ?? ''
    const server = await shell(blockOf(path, /^npx callgather-server$/m))
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    const { ticket } = await shell(blockOf(path, /callgather-server ticket/))

    const answer = await curl(written(blockOf(path, /^curl .*\/calls/m).code))
    expect(answer.status).toBe(200)
    const calls = async () => {
      const response = await fetch(`${server.url}/calls`, { headers: { authorization: `Bearer ${ticket}` } })
      expect(response.status).toBe(200)
      return response.text()
    }
    await vi.waitFor(async () => expect(await calls()).toContain('+15550100'))

    // The guide to operations erases the call.
    const { data } = (await answer.json()) as { data: { call_control_id: string } }
    const erase = blockOf('docs/guides/operations.mdx', /^curl -X DELETE/m)
    const values: Readonly<Record<string, string>> = {
      $TICKET: ticket ?? '',
      $CALL_ID: encodeURIComponent(data.call_control_id),
      'https://voice.example.com': new URL(server.url ?? '').origin,
    }
    const request = erase.code.replaceAll(
      /\$TICKET|\$CALL_ID|https:\/\/voice\.example\.com/g,
      (name) => values[name] ?? name,
    )
    expect((await curl(request)).status).toBe(204)
    expect(await calls()).not.toContain('+15550100')
  })
})

const programs = documents.flatMap((document) => programsOf(blocksOf(document)))

/** Programs that start a server, without tests and those that talk to Telnyx at once. */
const servers = programs.filter(
  ({ text }) =>
    /createGatherServer\(/.test(text) &&
    /\.listen\(|serve\(/.test(text) &&
    !/from '(vitest|@playwright\/test)'/.test(text) &&
    !/^(const .*)?await gather\.call\(/m.test(text),
)

describe.concurrent('Each server of the documents', () => {
  // The others compile in `npm test`, and start in the long run.
  it.each((isLong ? servers : servers.slice(0, 2)).map((program) => [placeOf(program), program] as const))(
    'starts and is ready: %s',
    async (place, program) => {
      const project = join(folder, `${program.file}.d`)
      await mkdir(project)
      for (const [name, text] of [
        [program.file, program.text],
        ['your-app.js', yourApp],
      ] as const)
        await writeFile(join(project, name), text)
      const preloads = [tsx, join(folder, 'port.mjs')].flatMap((file) => ['--import', file])
      const environment = {
        TELNYX_API_KEY: 'anything',
        TELNYX_PUBLIC_KEY: publicKey(),
        CALLGATHER_TICKET_SECRET: 'a secret of thirty-two bytes or more',
      }
      const { port } = await start(process.execPath, [...preloads, program.file], place, environment, project)
      expect((await fetch(`http://127.0.0.1:${port}/callgather/readyz`)).status).toBe(200)
    },
  )

  it('is one of the README and one of the guides at least', () => {
    expect(servers.map(({ path }) => path.split('/')[0])).toEqual(expect.arrayContaining(['README.md', 'docs']))
  })
})

describe('The programs of the documents', () => {
  it('run when they need nothing else: the README of the protocol', async () => {
    const [program] = programs.filter(({ path }) => path === 'packages/protocol/README.md')
    await writeFile(join(folder, program?.file ?? ''), program?.text ?? '')
    const { stderr } = await run(process.execPath, ['--import', tsx, program?.file ?? ''], { cwd: folder })
    expect(stderr).toBe('')
  })

  it('print the help of the benchmarks, which names the benchmarks of the page about performance', async () => {
    const block = blockOf('docs/performance.md', /^pnpm bench --help/m)
    const named = commandsOf(block.code).flatMap(({ words }) => words.slice(2).filter((word) => /^[a-z]+$/.test(word)))
    const args = ['--import', tsx, '--conditions=callgather:source', 'benchmarks/main.ts', '--help']
    const { stdout } = await run(process.execPath, args, { cwd: root })
    expect(named.length).toBeGreaterThan(0)
    for (const name of named) expect(stdout).toContain(`  ${name} `)
  })

  it('configure the simulator with the config file of its README', async () => {
    const block = blockOf('packages/simulator/README.md', /"webhookUrl"/)
    await writeFile(join(folder, 'simulator.json'), block.code)
    const ready = await start('npx', ['@callgather/simulator', '--config', 'simulator.json'], placeOf(block), {
      SIMULATOR_PORT: '0',
    })
    const settings = await fetch(`${new URL(ready.url ?? '').origin}/_sim/settings`)
    expect(await settings.text()).toContain('"emitSpeakEvents":true')
  })
})
