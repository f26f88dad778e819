import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['index', 'cli', 'express', 'fastify', 'fetch', 'hono', 'next'].map((name) => `src/${name}.ts`),
  format: ['esm'],
  platform: 'node',
  target: 'node20.19',
  // `npm start` has no need of declarations, which take most of a build.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  sourcemap: true,
  fixedExtension: true,
})
