/**
 * Starts the simulator, the console's backend and Chromium for an end-to-end test. The backend has its own process, so
 * that a test can kill it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSimulator, type Simulator } from '@callgather/simulator'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { freePort } from '@callgather/test-kit/free-port'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { type StartedProgram, startProgram } from '../backend/processes.ts'

const backendFile = fileURLToPath(new URL('../dist/backend.mjs', import.meta.url))

/** The running programs and pages of a test; `await using` stops them. */
export interface Stage extends AsyncDisposable {
  readonly simulator: Simulator
  readonly consoleUrl: string
  /** Opens the agent's console. */
  openConsole(options?: { role?: 'supervisor' }): Promise<Page>
  /** Opens a caller's phone. */
  openPhone(): Promise<Page>
  /** Kills the backend with SIGKILL. */
  killBackend(): Promise<void>
  /** Restarts the backend on the same port and store. */
  restartBackend(): Promise<void>
}

/** Starts everything that a test needs. */
export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-e2e-'))
  const port = await freePort()
  const consoleUrl = `http://127.0.0.1:${port}`
  const simulator = await createSimulator({ webhookUrl: `${consoleUrl}/callgather/webhooks` })
  const env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    TELNYX_API_KEY: 'KEY_E2E',
    TELNYX_PUBLIC_KEY: simulator.publicKey,
    TELNYX_BASE_URL: simulator.url,
    CALLGATHER_STORE: `file:${join(folder, 'calls.db')}`,
    CALLGATHER_TICKET_SECRET: 'a secret for the end-to-end tests, long enough',
    PHONE_URL: simulator.phoneUrl,
  }
  let backend: StartedProgram<unknown> = await startProgram(backendFile, [], env)
  const executablePath = findBrowser()
  const browser: Browser = await chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
  const contexts: BrowserContext[] = []

  async function open(url: string, viewport: { width: number; height: number }): Promise<Page> {
    const context = await browser.newContext({
      viewport,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    contexts.push(context)
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(url)
    return page
  }

  async function killBackend() {
    const gone = new Promise((resolve) => backend.process.once('exit', resolve))
    backend.process.kill('SIGKILL')
    await gone
  }

  return {
    simulator,
    consoleUrl,
    openConsole: ({ role } = {}) => open(`${consoleUrl}/${role ? `?role=${role}` : ''}`, { width: 1440, height: 900 }),
    openPhone: () => open(simulator.phoneUrl, { width: 420, height: 860 }),
    killBackend,
    async restartBackend() {
      backend = await startProgram(backendFile, [], env)
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close()
      await browser.close()
      if (backend.process.exitCode === null && backend.process.signalCode === null) await killBackend()
      await simulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
