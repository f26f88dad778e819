import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bundleOf } from '@callgather/test-kit/program'
import { expect, it } from 'vitest'

it('what the server makes for a webhook is freed by a young collection', async () => {
  const program = await bundleOf(fileURLToPath(new URL('../testing/survivors.program.ts', import.meta.url)))
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  const bytes = Object.entries(JSON.parse(stdout) as Record<string, number>)
  expect(bytes).toHaveLength(4)
  expect(bytes.filter(([, perRun]) => perRun >= 100)).toEqual([])
})
