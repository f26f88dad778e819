// Builds this example with the packed packages in a separate folder, as a user would. It takes two to four minutes, so
// `npm test` does not run it. Run `node examples/next/check.mjs` after `pnpm build`.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'callgather-next-'))
const run = (command, args, cwd) => execFileSync(command, args, { cwd, stdio: 'inherit' })

try {
  cpSync(here, folder, { recursive: true, filter: (path) => !/(node_modules|\.next|check\.mjs)$/.test(path) })
  const packed = join(folder, 'packed')
  for (const name of ['protocol', 'server', 'react'])
    run(
      'pnpm',
      ['pack', '--pack-destination', packed, '--config.ignore-scripts=true'],
      join(here, '../../packages', name),
    )
  const tarballs = readdirSync(packed).map((file) => join(packed, file))
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], folder)
  run('npm', ['run', 'build'], folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
