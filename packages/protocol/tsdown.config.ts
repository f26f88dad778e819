import { commentsOnOwnLines } from '@callgather/build-kit/declarations'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts', 'src/schema.ts', 'src/scenarios/index.ts', 'src/host-contract/index.ts'],
  format: ['esm'],
  platform: 'neutral',
  // A file for each module: a browser that checks commands then leaves out the schemas of everything else.
  unbundle: true,
  // `npm start` does not need declarations, which take most of a build.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  plugins: [commentsOnOwnLines],
  sourcemap: true,
  fixedExtension: true,
})
