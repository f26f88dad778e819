/**
 * The examples in `examples/embed`, built and served as a host would, in Chromium. Svelte and Angular are not dependencies
 * of the workspace, so `embed-compiled.test.ts` compiles their examples.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSimulator } from '@callgather/simulator'
import { freePort } from '@callgather/test-kit/free-port'
import type { Browser, FrameLocator, Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startProgram } from '../backend/processes.ts'
import { HttpCaller } from './embed/http-caller.ts'
import { openBrowser, openPage } from './embed/watched-page.ts'
import { isLong, itLong } from './long.ts'

const run = promisify(execFile)
const examples = fileURLToPath(new URL('../../../examples/embed', import.meta.url))
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')

/** The address of the CallGather server that is written in the examples. */
const ADDRESS = '127.0.0.1:8787'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

/** Builds or copies an example, with another port of the CallGather server. Returns the folder of its page. */
async function prepare(name: string, port: number, folder: string): Promise<string> {
  const page = join(folder, name)
  const isBuilt = (await readdir(join(examples, name))).includes('vite.config.ts')
  if (isBuilt) {
    const env = { ...process.env, NODE_ENV: 'production' }
    await run(process.execPath, [vite, 'build', '--outDir', page, '--logLevel', 'warn'], {
      cwd: join(examples, name),
      env,
    })
  } else await cp(join(examples, name), page, { recursive: true })
  for (const entry of await readdir(page, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !/\.(html|js)$/.test(entry.name)) continue
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(ADDRESS, `127.0.0.1:${port}`))
  }
  return page
}

/** Runs the back end of the examples with a simulated Telnyx. `await using` stops both. */
async function serve(name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'callgather-example-'))
  const [pagePort, port] = [await freePort(), await freePort()]
  const simulator = await createSimulator({ webhookUrl: `http://127.0.0.1:${port}/callgather/webhooks` })
  const backend = await startProgram<{ page: string }>(
    join(examples, 'backend.js'),
    [name, await prepare(name, port, folder)],
    {
      PORT: String(pagePort),
      CALLGATHER_PORT: String(port),
      TELNYX_API_KEY: 'KEY_E2E',
      TELNYX_PUBLIC_KEY: simulator.publicKey,
      TELNYX_BASE_URL: simulator.url,
    },
  )
  return {
    page: backend.ready.page,
    simulator: simulator.url.replace(/\/v2$/, ''),
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => backend.process.once('exit', resolve))
      backend.process.kill('SIGKILL')
      await gone
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

it.each(isLong ? ['html', 'vue', 'react-tailwind', 'iframe'] : ['html'])(
  'shows the keys of a caller on the page of the example %s, which is of another origin than the CallGather server',
  async (name) => {
    await using example = await serve(name)
    const { page, problems } = await openPage(browser, example.page)
    const desk: Page | FrameLocator = name === 'iframe' ? page.frameLocator('iframe') : page
    const caller = await HttpCaller.call(example.simulator, '+15550123')

    await desk
      .getByRole('button', { name: /555.?0123/ })
      .first()
      .click()
    await desk.getByRole('button', { name: 'Account number', exact: true }).click()
    await desk.getByText('Please enter your account number').first().waitFor()
    await caller.press('471')
    await desk.getByRole('img', { name: /: 4 7 1$/ }).waitFor()
    await caller.press('103#')

    const account = page.getByLabel('Account number').first()
    await expect.poll(() => account.inputValue(), { timeout: 10_000 }).toBe('471103')
    expect(problems).toEqual([])
    await page.context().close()
  },
)

itLong('shows the keys with the client alone in a Vue component', async () => {
  await using example = await serve('vue')
  const caller = await HttpCaller.call(example.simulator, '+15550123')
  const agent = await openPage(browser, example.page)
  await agent.page
    .getByRole('button', { name: /555.?0123/ })
    .first()
    .click()
  const { page, problems } = await openPage(browser, `${example.page}/digits.html?call=${caller.callId}`)
  await agent.page.getByRole('button', { name: 'Account number', exact: true }).click()
  await agent.page.getByText('Please enter your account number').first().waitFor()
  await caller.press('471')
  await page.locator('output').getByText('471', { exact: true }).waitFor()
  expect(problems).toEqual([])
})
