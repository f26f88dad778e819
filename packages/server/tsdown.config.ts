import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['index', 'cli', 'express', 'fastify', 'fetch', 'hono', 'next'].map((name) => `src/${name}.ts`),
  format: ['esm'],
  platform: 'node',
  target: 'node20.19',
  dts: true,
  sourcemap: true,
  fixedExtension: true,
})
