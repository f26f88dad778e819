/** An exported call is replayed, and the copied test and script run in a project of their own, on the builds. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from 'playwright'
import { expect } from 'vitest'
import { itLong } from './long.ts'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'
import { withoutIds } from './without-ids.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))

const PIN = '8264'

/** Makes a project that has the built packages and the programs of a test installed. */
async function makeProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callgather-incident-'))
  const from = {
    ...Object.fromEntries(
      ['protocol', 'react', 'simulator'].map((name) => [`@callgather/${name}`, `packages/${name}`]),
    ),
    ...Object.fromEntries(
      [
        '@testing-library/react',
        '@testing-library/dom',
        '@tanstack/react-query',
        'happy-dom',
        'react',
        'react-dom',
      ].map((name) => [name, `packages/react/node_modules/${name}`]),
    ),
    vitest: 'node_modules/vitest',
  }
  for (const [name, path] of Object.entries(from)) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, path), link)
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'incident', private: true, type: 'module' }))
  return folder
}

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText())

// Starts Vitest and the simulator in a project of their own four times.
itLong(
  'replays a call of the demo, and the copied test and simulator script run green without the masked PIN',
  async () => {
    await using stage = await setStage()
    const caller = new Caller(await stage.openPhone())
    const page = await stage.openConsole()
    const agent = new Agent(page)

    await caller.dial()
    await agent.answers()
    await agent.panel.getByRole('button', { name: 'Account number', exact: true }).click()
    await caller.hears(/account number/i)
    await caller.press('40718832#')
    await agent.seesChip('Valid')
    await agent.panel.getByRole('button', { name: 'PIN', exact: true }).click()
    await caller.hears(/PIN/)
    await caller.press(PIN)
    await agent.panel.getByRole('img', { name: '4 of 4: digits hidden' }).waitFor()
    await agent.seesChip('Valid')
    await caller.hangUp()
    await agent.panel.getByText('Ended', { exact: true }).first().waitFor()

    // The drawer for engineers exports the call. The export opens again as a replay.
    await page.keyboard.press('e')
    const drawer = page.getByRole('complementary', { name: 'Events' })
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      drawer.getByRole('button', { name: 'Export', exact: true }).click(),
    ])
    const exported = await readFile(await download.path(), 'utf8')
    expect(withoutIds(exported)).not.toContain(PIN)
    expect([...exported.matchAll(/"digit":"(.)"/g)].map(([, digit]) => digit).join('')).toBe('40718832#')
    const sample = await readFile(join(root, 'packages/react/src/testing/replay/sample-export.json'), 'utf8')
    const headOf = (text: string) => (({ format, version }) => ({ format, version }))(JSON.parse(text))
    expect(headOf(exported)).toEqual(headOf(sample))
    await drawer.getByLabel('Open an export').setInputFiles(await download.path())

    const replay = page.getByRole('main').getByRole('region', { name: 'Replay' })
    const slider = replay.getByRole('slider', { name: 'Position' })
    await slider.press('End')
    const collected = replay.getByRole('region', { name: 'Collected' })
    await collected.getByText('Hidden, 4 digits').waitFor({ state: 'attached' })
    await collected.getByText('40718832', { exact: true }).waitFor()
    await replay.getByText(/^event \d+ of \d+: call\.hangup$/).waitFor()

    // One event after the other, backwards: the call has not ended, and nothing is collected before the first key.
    await slider.press('ArrowLeft')
    await replay.getByText('Answered', { exact: true }).waitFor()
    await slider.press('Home')
    for (let step = 0; step < 6; step++) await replay.getByRole('button', { name: 'Step forward' }).click()
    await replay.getByRole('img', { name: /: 4 0$/ }).waitFor()
    await replay.getByRole('button', { name: 'Step back' }).click()
    await replay.getByRole('img', { name: /: 4$/ }).waitFor()
    await replay.getByText('Nothing collected yet').waitFor()
    await replay.getByText(/^event/).click()
    await expect.poll(() => replay.locator('pre').textContent()).toContain('"digit": "4"')
    for (;;) {
      expect(withoutIds((await replay.textContent()) ?? '')).not.toContain(PIN)
      if (await replay.getByRole('button', { name: 'Step forward', disabled: true }).isVisible()) break
      await replay.getByRole('button', { name: 'Step forward' }).click()
    }

    await replay.getByRole('button', { name: 'Test', exact: true }).click()
    await replay.getByText('Copied. Paste it into incident.test.tsx.').waitFor()
    const test = await clipboard(page)
    await replay.getByRole('button', { name: 'Simulator script' }).click()
    await replay.getByText('Copied. Paste it into incident.mjs.').waitFor()
    const script = await clipboard(page)
    for (const pasted of [test, script]) expect(withoutIds(pasted)).not.toContain(PIN)
    expect(script.match(/caller\.press\("[^"]*"/g)).toEqual(['caller.press("40718832#"'])
    expect(script).toContain('// Left out 4 times: a masked key.')

    const folder = await makeProject()
    try {
      const options = { cwd: folder, env: { PATH: process.env.PATH }, timeout: 80_000 }
      const runTest = async (text: string) => {
        await writeFile(join(folder, 'incident.test.tsx'), text)
        return run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], options)
      }
      const runScript = async (text: string) => {
        await writeFile(join(folder, 'incident.mjs'), text)
        return run(process.execPath, ['incident.mjs'], options)
      }
      expect((await runTest(test)).stdout).toMatch(/1 passed/)
      expect((await runScript(script)).stdout).toContain('The caller did the same')
      // Both fail when the panel or the caller does something else.
      const wrong = (text: string) =>
        text.replaceAll('"digit":"7"', '"digit":"9"').replace('"40718832#"', '"40918832#"')
      await expect(runScript(wrong(script))).rejects.toThrow('40918832')
      await expect(runTest(test.replace('toContain("40718832")', 'toContain("40918832")'))).rejects.toThrow(
        /1 failed|40918832/,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  240_000,
)
