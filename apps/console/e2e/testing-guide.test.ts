/** Runs the code blocks of the testing guide as its reader would: with the packed packages, in each test runner. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { blocksOf } from '@callgather/test-kit/documents'
import { freePort } from '@callgather/test-kit/free-port'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLong } from './long.ts'
import { packAll } from './published/projects.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

const PATIENCE_MS = 10 * 60_000
/** A block that begins with its file name. */
const FILE = /^\/\/ (?<name>\S+\.\w+)\n/

/** The application of the reader, as the quick start writes it. */
const application = {
  'your-app.tsx': `import { GatherPanel } from '@callgather/react'
    export const Console = ({ callId }: { callId: string }) => <GatherPanel callId={callId} />`,
  'index.html': '<!doctype html><div id="root"></div><script type="module" src="/main.tsx"></script>',
  'main.tsx': `import { CallList, createGatherClient, GatherPanel, GatherProvider } from '@callgather/react'
import { freePort } from '@callgather/test-kit/free-port'
    import '@callgather/react/styles.css'
    import { useState } from 'react'
    import { createRoot } from 'react-dom/client'
    const getTicket = async () => (await fetch('/api/callgather-ticket')).text()
    const client = createGatherClient({ url: 'http://127.0.0.1:8787', getTicket })
    function App() {
      const [callId, setCallId] = useState<string | null>(null)
      return (
        <GatherProvider client={client}>
          <CallList selected={callId} onSelect={setCallId} />
          {callId && <GatherPanel callId={callId} />}
        </GatherProvider>
      )
    }
    createRoot(document.getElementById('root')!).render(<App />)`,
  'browser.config.ts': `import guide from './playwright.config.ts'
    const launchOptions = ${JSON.stringify({ executablePath: findBrowser(), args: browserArgs })}
    export default { ...guide, use: { ...guide.use, launchOptions } }`,
}

// Installing three test runners takes minutes. The setup and the snippet itself are tested in packages/react/src/testing.
describe.skipIf(!isLong)('The code of the testing guide (only in npm run test:long)', () => {
  let folder: string
  /** The project of the reader, beside what `packAll` writes. */
  let project: string

  const npx = async (...command: string[]) => {
    const env = { ...process.env, CI: '1', NODE_OPTIONS: command[0] === 'jest' ? '--experimental-vm-modules' : '' }
    const { stdout, stderr } = await run('npx', command, { cwd: project, env }).catch((failed) => failed)
    return `${stdout}${stderr}`
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'callgather-testing-'))
    project = join(folder, 'project')
    const tarballs = await packAll(root, folder)
    const [serverPort, pagePort] = [await freePort(), await freePort()]
    const guide = await readFile(join(root, 'docs/guides/testing.mdx'), 'utf8')
    const files: Record<string, string> = { ...application }
    for (const { code } of blocksOf({ path: 'docs/guides/testing.mdx', text: guide })) {
      const name = FILE.exec(code)?.groups?.name
      if (name) files[name] = code
    }
    // The guide says that the test of Jest differs in one import.
    const snippet = files['console.test.tsx'] ?? ''
    files['jest/console.test.tsx'] = snippet.replace("'vitest'", "'@jest/globals'").replace('./your', '../your')
    const installs = [...guide.matchAll(/^npm install (?:--save-dev )?(.+)$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    )
    const ours = Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`])
    const manifest = {
      type: 'module',
      private: true,
      scripts: { dev: 'vite --port 5173 --strictPort' },
      overrides: Object.fromEntries(ours),
    }
    files['package.json'] = JSON.stringify({ ...manifest, dependencies: Object.fromEntries(ours) })
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(project, name)), { recursive: true })
      // Other tests run beside this one.
      await writeFile(join(project, name), text.replaceAll('8787', `${serverPort}`).replaceAll('5173', `${pagePort}`))
    }
    const others = ['react', 'react-dom', '@tanstack/react-query', 'vite', 'happy-dom']
    const names = [...new Set([...others, ...installs])].filter((name) => !(name in tarballs))
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...names], { cwd: project })
  }, PATIENCE_MS)

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it.each(['jsdom', 'happy-dom'])(
    'passes in Vitest with %s',
    async (environment) => {
      const output = await npx(
        'vitest',
        'run',
        `--environment=${environment}`,
        '--no-color',
        '--exclude=jest/**',
        'console.test',
      )
      expect(output).toMatch(/Tests\s+1 passed/)
    },
    PATIENCE_MS,
  )

  it(
    'passes in Jest',
    async () => {
      expect(await npx('jest', 'jest/')).toMatch(/Tests:\s+1 passed/)
    },
    PATIENCE_MS,
  )

  it(
    'passes in Playwright',
    async () => {
      expect(await npx('playwright', 'test', '-c', 'browser.config.ts')).toMatch(/1 passed/)
    },
    PATIENCE_MS,
  )
})
