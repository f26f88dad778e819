import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type PluginBuild } from 'esbuild'
import type { Rolldown } from 'tsdown'
import { customElementsManifest } from './manifest.ts'

/** React's packages, replaced by Preact in the whole bundle. */
const preactOf: Readonly<Record<string, string>> = {
  react: 'preact/compat',
  'react/jsx-runtime': 'preact/jsx-runtime',
  'react-dom': 'preact/compat',
  'react-dom/client': 'preact/compat/client',
}

/** The registry of the page, in which an entry offers its modules to the chunks that are loaded on demand. */
const REGISTRY = 'globalThis[Symbol.for("@callgather/embed")]'

/** The stylesheets that load with a module of `@callgather/react`, instead of with the entry. */
const stylesOfModules: Readonly<Record<string, string>> = {
  'call-list/call-list.mjs': 'call-list.css',
  'call-wall/call-wall.mjs': 'call-wall.css',
  'gather-controls/gather-form.mjs': 'gather-form.css',
  'gather-fields/gather-fields.mjs': 'gather-fields.css',
  'wrap-up/wrap-up.mjs': 'wrap-up.css',
}

/** The sources of the stylesheets. The published stylesheet is one file. */
const stylesFolder = fileURLToPath(new URL('../react/src/styles/', import.meta.url))
const addStyles = fileURLToPath(new URL('src/element/styles.ts', import.meta.url))

/**
 * Loads `FILE.css?inline` as a module that exports the minified text of the stylesheet, as Vite does. A module that is
 * loaded on demand brings its stylesheet.
 */
export const stylesheetsAsText = (): Rolldown.Plugin => ({
  name: 'stylesheets as text',
  resolveId: {
    filter: { id: /\.css\?inline$/ },
    handler: (specifier) =>
      `\0${specifier.startsWith('@callgather/react/') ? `${stylesFolder}index.css` : specifier.replace(/\?inline$/, '')}.js`,
  },
  load: {
    filter: { id: /^\0.*\.css\.js$/ },
    handler: async (id) => {
      const file = id.slice(1, -3)
      const { outputFiles } = await build({
        entryPoints: [file],
        bundle: true,
        minify: true,
        write: false,
        logLevel: 'warning',
        plugins: [{ name: 'on demand', setup: leaveOutOnDemand }],
      })
      return { code: `export default ${JSON.stringify(outputFiles[0]?.text.trim())}`, moduleType: 'js' }
    },
  },
  transform: {
    filter: { id: /[\\/]components[\\/].*\.mjs$/ },
    handler: (code, id) => {
      const sheet = stylesOfModules[id.split(/[\\/]/).slice(-2).join('/')]
      if (!sheet || !existsSync(`${stylesFolder}${sheet}`)) return null
      const imports = [
        `import { addStyles } from ${JSON.stringify(addStyles)}`,
        `import styles from ${JSON.stringify(`${stylesFolder}${sheet}?inline`)}`,
      ]
      return { code: `${imports.join('\n')}\n${code}\naddStyles(styles)\n`, moduleSideEffects: true }
    },
  },
})

function leaveOutOnDemand({ onLoad, onResolve }: PluginBuild): void {
  // The elements have no palette of shortcuts.
  const onDemand = [...Object.values(stylesOfModules), 'shortcuts.css']
  onResolve({ filter: /\.css$/ }, ({ path, kind }) =>
    kind === 'import-rule' && onDemand.includes(basename(path)) ? { path, namespace: 'on-demand' } : null,
  )
  onLoad({ filter: /.*/, namespace: 'on-demand' }, () => ({ contents: '', loader: 'css' }))
}

/** Leaves out the transports that the client never uses, because it uses only websockets. */
export const websocketsOnly = (): Rolldown.Plugin => ({
  name: 'websockets only',
  // What these modules do when they load is for requests only, so without an import in use they can be left out.
  transform: {
    filter: { id: /[\\/]engine\.io-client[\\/].*[\\/](polling(-\w+)?|has-cors)\.js$/ },
    handler: (code) => ({ code, moduleSideEffects: false }),
  },
  load: {
    filter: { id: /[\\/]engine\.io-client[\\/].*[\\/]transports[\\/]index\.js$/ },
    handler: () => "import { WS } from './websocket.js'\nexport const transports = { websocket: WS }\n",
  },
})

/**
 * Makes one ES module and one classic script from the entry, and one set of chunks for both. A chunk reads the modules
 * of the entry from a registry on the page instead of importing them, so no page ever loads them twice. The chunks are
 * named after the build, so an entry never meets the chunks of another version.
 */
export const browserBundle = (): Rolldown.Plugin => ({
  name: 'browser bundle',
  resolveId: {
    order: 'pre',
    filter: { id: /^react(-dom)?(\/|$)/ },
    handler(specifier) {
      const replacement = preactOf[specifier]
      return replacement ? this.resolve(replacement, import.meta.filename, { skipSelf: true }) : null
    },
  },
  outputOptions: (options) => ({ ...options, chunkFileNames: 'chunks/[name].mjs' }),
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const entry = chunks.find(({ isEntry }) => isEntry)
      if (!entry) throw new Error('The bundle has no entry.')
      const id = createHash('sha256')
        .update(chunks.map(({ code }) => code).join(''))
        .digest('hex')
        .slice(0, 8)
      const inEntry = withStaticImports(entry, bundle)
      const onDemand = chunks.filter((chunk) => !inEntry.includes(chunk))
      const rename = (code: string) =>
        onDemand.reduce((text, { name }) => text.replaceAll(`/${name}.mjs`, `/${name}-${id}.mjs`), code)
      const parse = (code: string) => this.parse(code).body

      const functions = inEntry
        .filter((chunk) => chunk !== entry)
        .map((chunk) => {
          const { code, members } = withoutModules(parse, chunk.code, (file) => variableOf(file))
          return `const ${variableOf(chunk.fileName)}=(()=>{${code}return{${members}}})();`
        })
      const { code, members } = withoutModules(parse, entry.code, (file) => variableOf(file))
      const offers = inEntry.map((chunk) =>
        chunk === entry ? `${variableOf(entry.fileName)}:{${members}}` : variableOf(chunk.fileName),
      )
      entry.code = rename(`${functions.join('')}${code}(${REGISTRY}??={})["${id}"]??={${offers.join(',')}};\n`)
      for (const chunk of inEntry) if (chunk !== entry) delete bundle[chunk.fileName]
      const offered = new Set(inEntry.map(({ fileName }) => basename(fileName)))
      for (const chunk of onDemand) {
        const isOffered = (file: string) => offered.has(basename(file))
        const { code } = withoutModules(parse, chunk.code, (file) =>
          isOffered(file) ? `${REGISTRY}["${id}"].${variableOf(file)}` : null,
        )
        chunk.code = rename(code)
        chunk.fileName = rename(`/${chunk.fileName}`).slice(1)
      }
      const emit = (fileName: string, source: string) => this.emitFile({ type: 'asset', fileName, source })
      emit(`${entry.name}.js`, classicScript(entry.code))
      emit('custom-elements.json', `${JSON.stringify(customElementsManifest(), null, 2)}\n`)
      emit('THIRD-PARTY-NOTICES.txt', noticesOf(chunks.flatMap(({ moduleIds }) => moduleIds)))
    },
  },
})

/** The chunks that load with a chunk, each after those that it imports. */
function withStaticImports(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  const imported = chunk.imports.flatMap((file) => {
    const output = bundle[file]
    return output?.type === 'chunk' ? withStaticImports(output, bundle) : []
  })
  return [...new Set([...imported, chunk])]
}

/** The name of a chunk in the entry and in the registry. */
const variableOf = (file: string) => `__callgather_${basename(file).replace(/\W/g, '_')}`

const nameOf = (node: unknown) => {
  const { name, value } = node as { name?: string; value?: string }
  return name ?? value ?? ''
}

type Parse = (code: string) => ReturnType<Rolldown.PluginContext['parse']>['body']

/**
 * Replaces the imports of a chunk by reads from what `sourceOf` returns for a file; `null` keeps the import. Returns the
 * exports as the members of an object. Chunks that are loaded on demand keep theirs.
 */
function withoutModules(parse: Parse, code: string, sourceOf: (file: string) => string | null) {
  let result = code
  const members: string[] = []
  const isOnDemand = sourceOf('') === null
  for (const node of [...parse(code)].reverse()) {
    let text: string | null = null
    if (node.type === 'ImportDeclaration') {
      const source = sourceOf(node.source.value)
      if (source !== null) {
        const names = node.specifiers.map((specifier) => {
          if (specifier.type !== 'ImportSpecifier') throw new Error('A chunk imports a whole chunk.')
          return `${nameOf(specifier.imported)}:${nameOf(specifier.local)}`
        })
        text = names.length === 0 ? '' : `const{${names.join(',')}}=${source};`
      }
    } else if (node.type === 'ExportNamedDeclaration' && !isOnDemand) {
      if (node.declaration || node.source) throw new Error('A chunk has an export that is not a list of names.')
      members.push(...node.specifiers.map(({ local, exported }) => `${nameOf(exported)}:${nameOf(local)}`))
      text = ''
    }
    if (text !== null) result = result.slice(0, node.start) + text + result.slice(node.end)
  }
  return { code: result, members: members.join(',') }
}

/** The licences of the bundled packages. */
function noticesOf(files: readonly string[]): string {
  const folders = files.flatMap(
    (file) => /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0] ?? [],
  )
  const notices = [...new Set(folders)].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
    const text = licence ? readFileSync(join(folder, licence), 'utf8').trim() : `Licence: ${license}`
    return `${name} ${version}\n\n${text}\n`
  })
  return `The files of this package contain these packages.\n\n${notices.sort().join(`\n${'-'.repeat(80)}\n\n`)}`
}

/**
 * The classic script: the code of the entry in a function. A script of another origin has no base URL for `import()`, so
 * it resolves the chunks against its own address. A page of any encoding may load it, so it has only ASCII characters.
 */
function classicScript(code: string): string {
  const script = code.replace(/import\((["'`])(\.\/chunks\/[^"'`]+)\1\)/g, 'import(new URL("$2",__callgatherBase))')
  const escaped = script
    .trim()
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `(()=>{"use strict";const __callgatherBase=(document.currentScript||{}).src||document.baseURI;${escaped}})();\n`
}
