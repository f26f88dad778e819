/** `@callgather/embed/files`, for Node: the files of the iframe, which `createGatherServer({ embed })` serves. */
import { readdirSync, readFileSync } from 'node:fs'

const inSource = import.meta.url.endsWith('.ts')
const folder = new URL(inSource ? '../../dist/' : './', import.meta.url)

const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const chunks = readdirSync(new URL('chunks/', folder)).filter((name) => name.endsWith('.mjs'))

/**
 * The files of the iframe, the script tag and the host script by their names below `/embed`. They are read once, when the
 * module is imported.
 */
export const embedFiles: Readonly<Record<string, string>> = {
  'frame.mjs': read('frame/frame.mjs'),
  ...Object.fromEntries(
    ['callgather.mjs', 'callgather.js', 'host.mjs', ...chunks.map((name) => `chunks/${name}`)].map((name) => [
      name,
      read(name),
    ]),
  ),
}
