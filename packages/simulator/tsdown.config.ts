import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { commentsOnOwnLines } from '@callgather/build-kit/declarations'
import { defineConfig } from 'tsdown'
import { writePages } from './src/pages/bundle.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  entry: { index: 'src/index.ts', cli: 'src/simulator/cli.ts' },
  format: ['esm'],
  // `npm start` skips declarations, which take most of the build time.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  platform: 'node',
  plugins: [commentsOnOwnLines],
  sourcemap: true,
  fixedExtension: true,
  hooks: {
    'build:done': async () => {
      writePages(here('src/pages/client/'), here('dist/pages/'))
      for (const name of ['preload.cjs', 'sitecustomize.py'])
        await copyFile(here(`src/redirect/${name}`), here(`dist/${name}`))
    },
  },
})
