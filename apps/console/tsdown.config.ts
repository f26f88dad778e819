import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: { demo: 'backend/demo.ts', backend: 'backend/main.ts' },
  format: ['esm'],
  platform: 'node',
  dts: false,
  // The pages are built into dist/public beside it.
  clean: false,
  fixedExtension: true,
})
