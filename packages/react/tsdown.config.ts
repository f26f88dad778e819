import { readFile, writeFile } from 'node:fs/promises'
import { commentsOnOwnLines } from '@callgather/build-kit/declarations'
import { build } from 'esbuild'
import { defineConfig, type Rolldown } from 'tsdown'

/** Whether a module must be a client module in a React Server Components application. */
const isReact = (specifier: string) => /^(react|react-dom|virtua)(\/|$)/.test(specifier)

/** Whether a built module holds components or hooks. An `index` only re-exports them, and must not be a client module. */
const isClientModule = ({ fileName, exports, imports, facadeModuleId }: Rolldown.RenderedChunk) =>
  /(?<!(^|\/)index)\.mjs$/.test(fileName) &&
  (facadeModuleId?.endsWith('.tsx') || imports.some(isReact) || exports.some((name) => /^use[A-Z]/.test(name)))

/**
 * Keeps `export * as DtmfPadParts from './…/parts.tsx'` as a module export. A bundled namespace becomes an object, and
 * server components can't read the members of an object that a client module exports.
 */
const partsStayModules: Rolldown.Plugin = {
  name: 'parts stay modules',
  resolveId: {
    order: 'pre',
    filter: { id: /\/parts\.tsx$/ },
    handler: (specifier, importer) =>
      /[\\/]src[\\/]index(\.d)?\.ts$/.test(importer ?? '')
        ? { id: specifier.replace(/tsx$/, 'mjs'), external: true }
        : null,
  },
}

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/testing/index.ts',
    'src/testing/msw.ts',
    'src/testing/setup.ts',
    'src/components/*/parts.tsx',
    'src/components/call-wall/index.ts',
    'src/query/tracing.ts',
    'src/strings/{ar,de,en,es,fr,ja,pt-BR,zh-CN}.ts',
  ],
  format: ['esm'],
  platform: 'neutral',
  // One file per module, so that bundlers drop unused modules: importing a hook adds no component.
  unbundle: true,
  // `npm start` skips declarations, which take most of the build time.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  sourcemap: true,
  fixedExtension: true,
  plugins: [partsStayModules, commentsOnOwnLines],
  // For React Server Components. Declaration files can't contain the directive.
  outputOptions: { banner: (chunk) => (isClientModule(chunk) ? "'use client';" : '') },
  hooks: {
    // Optional stylesheets, without lowered syntax: the host's tools know its browsers.
    'build:done': async () => {
      await build({
        entryPoints: {
          styles: 'src/styles/index.css',
          wall: 'src/styles/call-wall.css',
          testing: 'src/testing/replay/replay.css',
        },
        outdir: 'dist',
        bundle: true,
        logLevel: 'warning',
      })
      // The bundler drops `type` from `export type *`, so the declarations would promise values that are not there.
      const index = await readFile('dist/index.d.mts', 'utf8').catch(() => null)
      if (index !== null) await writeFile('dist/index.d.mts', index.replace(/^export \* from/m, 'export type * from'))
      // TypeScript 6 requires a declaration for side-effect imports.
      for (const sheet of ['styles', 'testing', 'wall']) await writeFile(`dist/${sheet}.css.d.ts`, 'export {}\n')
    },
  },
})
