// The packages that are released, and their tarballs.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { env, root } from './setup.mjs'

/** The packages that are released; each comes after those that it depends on. */
export function publishedPackages() {
  return ['protocol', 'simulator', 'server', 'react', 'embed']
    .map((name) => join(root, 'packages', name))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .map(({ folder, manifest }) => ({ folder, manifest, name: manifest.name }))
}

/** Packs what is built, without building it again. Resolves to the tarballs by package name. */
export async function packAll(destination) {
  const pack = async ({ folder, name }) => {
    const args = ['pack', '--json', '--pack-destination', destination, '--config.ignore-scripts=true']
    const { stdout } = await promisify(execFile)('pnpm', args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
    return [name, JSON.parse(stdout.slice(stdout.indexOf('{'))).filename]
  }
  return Object.fromEntries(await Promise.all(publishedPackages().map(pack)))
}
