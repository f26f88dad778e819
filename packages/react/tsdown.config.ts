import { writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/testing/index.ts',
    'src/testing/msw.ts',
    'src/strings/{ar,de,en,es,fr,ja,pt-BR,zh-CN}.ts',
  ],
  format: ['esm'],
  platform: 'neutral',
  // A file for each module: bundlers then leave out whole files, so that one hook brings no component with it.
  unbundle: true,
  // `npm start` has no need of declarations, which take most of a build.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  sourcemap: true,
  fixedExtension: true,
  // For React Server Components: everything here runs in the browser. Declarations may not hold statements.
  outputOptions: { banner: ({ fileName }) => (fileName.endsWith('.mjs') ? "'use client';" : '') },
  hooks: {
    // One stylesheet for whoever wants it; as written, since the host's own tools lower what its browsers need.
    'build:done': async () => {
      await build({
        entryPoints: ['src/styles/index.css'],
        outfile: 'dist/styles.css',
        bundle: true,
        logLevel: 'warning',
      })
      // TypeScript 6 asks what an import that is made only for its effect is.
      await writeFile('dist/styles.css.d.ts', 'export {}\n')
    },
  },
})
