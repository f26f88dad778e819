// Generated files are committed: `--write` updates them, and without it a difference is a failure.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './setup.mjs'
import { fail } from './steps.mjs'

export const isWriting = process.argv.includes('--write')

/** Writes the files, a map of paths to texts, or exits when one is stale. `folder` may hold no other files. */
export function settle(files, { command, folder }) {
  const others = folder && existsSync(folder) ? filesIn(folder).filter((path) => !files.has(path)) : []
  const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
  if (isWriting) {
    for (const path of others) rmSync(path)
    for (const [path, text] of stale) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    return
  }
  const names = [...stale.map(([path]) => path), ...others].map((path) => relative(root, path))
  if (names.length > 0)
    fail(`Generated files are stale: ${names.join(', ')}.`, `Run \`${command}\` and review the diff.`)
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
