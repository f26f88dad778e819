import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../packages', import.meta.url))

/** The packages that are released, those without dependencies on other packages of ours first. */
export function publishedPackages() {
  return ['protocol', 'simulator', 'server', 'react', 'embed']
    .map((name) => join(packages, name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .map(({ folder, manifest }) => ({ folder, manifest, name: manifest.name }))
}
