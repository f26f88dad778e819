import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type IConfiguration } from 'dependency-cruiser'
import { describe, expect, it, onTestFinished } from 'vitest'
import folderRules from '../.dependency-cruiser.folders.mjs'
import fileRules from '../.dependency-cruiser.mjs'

/** A source tree without violations. Each case adds its own files. */
const cleanTree = {
  'packages/protocol/package.json': '{"name":"@callgather/protocol","type":"module"}',
  'packages/server/package.json': '{"name":"@callgather/server","type":"module"}',
  'packages/protocol/src/index.ts': 'export const one = 1',
  'packages/server/src/index.ts': "export * from './store/memory.ts'\nexport * from './relay/relay.ts'",
  'packages/server/src/store/memory.ts': 'export const memory = 1',
  'packages/server/src/relay/relay.ts': "export { memory as relay } from '../store/memory.ts'",
  'packages/server/src/relay/relay.test.ts': "import '../server/cli.ts'",
  'packages/server/src/server/cli.ts': "import '../relay/relay.ts'",
}

async function violations(
  rules: IConfiguration,
  planted: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'import-rules-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const files = { ...cleanTree, ...planted }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const folders = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))]
  const { tsConfig: _, ...options } = rules.options ?? {}
  const { output } = await cruise(
    folders.filter((folder) => folder !== 'node_modules'),
    { ...options, baseDir: root, validate: true, ruleSet: { forbidden: rules.forbidden ?? [] } },
    { ...options.enhancedResolveOptions },
  )
  if (typeof output === 'string') throw new TypeError('dependency-cruiser returned text instead of a result object.')
  return [...new Set(output.summary.violations.map(({ rule }) => rule.name))]
}

describe('import rules', () => {
  it('accepts a source tree without violations', async () => {
    expect(await violations(fileRules, {})).toEqual([])
    expect(await violations(folderRules, {})).toEqual([])
  })

  it.each([
    [
      'no cycle of files',
      {
        'packages/server/src/store/a.ts': "import './b.ts'",
        'packages/server/src/store/b.ts': "import './a.ts'",
      },
    ],
    [
      'no cycle of files',
      {
        'packages/server/src/store/a.ts': "import type { B } from './b.ts'\nexport type A = B",
        'packages/server/src/store/b.ts': "import type { A } from './a.ts'\nexport type B = A | 1",
      },
    ],
    [
      'server: store imports only from rooms before it',
      { 'packages/server/src/store/a.ts': "import '../relay/relay.ts'" },
    ],
    [
      'server: store imports only from rooms before it',
      {
        'packages/server/src/store/a.ts':
          "import type { relay } from '../relay/relay.ts'\nexport type A = typeof relay",
      },
    ],
    ['server: every source file is in a room', { 'packages/server/src/helpers.ts': "import './store/memory.ts'" }],
    [
      'simulator imports only no other package',
      { 'packages/simulator/src/a.ts': "import '../../protocol/src/index.ts'" },
    ],
    [
      'the host modules of embed use neither the elements nor React',
      {
        'packages/embed/src/host/a.ts': "import '../element/panel.ts'",
        'packages/embed/src/element/panel.ts': '',
      },
    ],
    [
      'packages are imported by name',
      { 'packages/server/src/store/a.test.ts': "import '../../../protocol/src/index.ts'" },
    ],
    [
      'only build configurations import build-kit',
      {
        'packages/server/src/store/b.ts': "import '../../../build-kit/src/declarations.mjs'",
        'packages/build-kit/src/declarations.mjs': '',
      },
    ],
    [
      'packages do not import the repository',
      { 'packages/server/src/a.stories.tsx': "import '../../../.storybook/kit.ts'", '.storybook/kit.ts': '' },
    ],
    ['the repository imports packages by name', { '.storybook/kit.ts': "import '../packages/server/src/index.ts'" }],
    [
      'source imports only declared dependencies',
      {
        'packages/server/src/store/a.ts': "import 'left-pad'",
        'node_modules/left-pad/package.json': '{"name":"left-pad","main":"index.js"}',
        'node_modules/left-pad/index.js': '',
      },
    ],
    ['no unresolved import', { 'packages/server/src/store/a.ts': "import './gone.ts'" }],
    [
      'what runs in a browser does not use Node',
      { 'packages/protocol/src/a.ts': "import { readFileSync } from 'node:fs'\nreadFileSync('')" },
    ],
    [
      'the browser client and the protocol do not use React',
      {
        'packages/react/src/client/a.ts': "import 'react'",
        'node_modules/react/package.json': '{"name":"react","main":"index.js"}',
        'node_modules/react/index.js': '',
      },
    ],
  ])('reports a planted violation of the import rule "%s"', async (name, planted) => {
    expect(await violations(fileRules, planted)).toContain(name)
  })

  it('reports a cycle of folders that contains no cycle of files', async () => {
    const planted = {
      'packages/server/src/store/redis/a.ts': "import '../sqlite/b.ts'",
      'packages/server/src/store/sqlite/b.ts': '',
      'packages/server/src/store/sqlite/c.ts': "import '../redis/d.ts'",
      'packages/server/src/store/redis/d.ts': '',
    }
    expect(await violations(folderRules, planted)).toContain('no cycle of folders')
    expect(await violations(fileRules, planted)).not.toContain('no cycle of files')
  })
})
