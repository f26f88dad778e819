/**
 * Copies `examples/starter`, installs it with the packed packages as its README says, and starts `npm run dev`. An agent
 * answers a call in the browser and reads the caller's keys. Installing takes minutes.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { freePort } from '@callgather/test-kit/free-port'
import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from './long.ts'
import { Caller } from './people.ts'
import { packAll } from './published/projects.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** Installing may download packages, and shares the machine with other tests. */
const PATIENCE_MS = 10 * 60_000

if (!isLong) console.log('Skipping the starter. Set CALLGATHER_LONG to install it and its packages.')

describe.skipIf(!isLong)('The starter, copied and installed from packed packages,', () => {
  let folder: string
  let project: string
  let browser: Browser
  let program: ChildProcess | undefined
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_config)/i.test(name)))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'callgather-starter-'))
    project = join(folder, 'my-console')
    const tarballs = await packAll(root, folder)
    await cp(join(root, 'examples/starter'), project, { recursive: true })
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...Object.values(tarballs)]
    await run('npm', args, { cwd: project, env })
    const executablePath = findBrowser()
    browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  }, PATIENCE_MS)

  afterAll(async () => {
    if (program?.pid !== undefined && program.exitCode === null) process.kill(-program.pid, 'SIGTERM')
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it(
    'compiles and builds',
    async () => {
      const { stdout } = await run('npm', ['run', 'build'], { cwd: project, env })
      expect(stdout).toContain('built in')
    },
    PATIENCE_MS,
  )

  it(
    'shows the keys of a caller whose call the agent answered',
    async () => {
      const [port, simulatorPort] = [await freePort(), await freePort()]
      const manifest = await readFile(join(project, 'package.json'), 'utf8')
      const dev = `callgather-simulator run --port ${simulatorPort}`
      const moved = manifest.replace('callgather-simulator run', dev).replace(':3000/', `:${port}/`)
      await writeFile(join(project, 'package.json'), moved)
      program = spawn('npm', ['run', 'dev'], { cwd: project, env: { ...env, PORT: String(port) }, detached: true })
      await new Promise<void>((resolve, reject) => {
        let output = ''
        const read = (chunk: Buffer) => {
          output += chunk
          if (output.includes('Console  ')) resolve()
        }
        program?.stdout?.on('data', read)
        program?.stderr?.on('data', read)
        program?.once('exit', (code) => reject(new Error(`npm run dev exited with code ${code}: ${output}`)))
      })

      const agent = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      await agent.goto(`http://127.0.0.1:${port}/`)
      const caller = new Caller(await browser.newPage())
      await caller.page.goto(`http://127.0.0.1:${simulatorPort}/phone`)
      await caller.dial()
      await agent.getByRole('button', { name: /^Answer/ }).click()
      await agent.getByRole('button', { name: 'Account number', exact: true }).click()
      await caller.hears(/account number/i)
      await caller.press('550312#')
      const collected = agent.getByRole('region', { name: 'Collected' })
      await collected.getByText('550312').waitFor()
      await expect.poll(() => collected.getByRole('listitem').count()).toBe(1)
    },
    PATIENCE_MS,
  )
})
