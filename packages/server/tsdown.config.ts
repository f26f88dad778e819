import { readFile, writeFile } from 'node:fs/promises'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/server/cli.ts',
    express: 'src/adapters/express.ts',
    fastify: 'src/adapters/fastify.ts',
    fetch: 'src/adapters/fetch.ts',
    hono: 'src/adapters/hono.ts',
    next: 'src/adapters/next.ts',
    memory: 'src/store/memory/index.ts',
    redis: 'src/store/redis/index.ts',
    sqlite: 'src/store/sqlite/index.ts',
  },
  format: ['esm'],
  platform: 'node',
  target: 'node20.19',
  // `npm start` has no need of declarations, which take most of a build.
  dts: process.env.CALLGATHER_DECLARATIONS !== 'no',
  sourcemap: true,
  fixedExtension: true,
  hooks: {
    // The bundler drops `type` from `export type *`, so the declarations would promise values that are not there.
    'build:done': async () => {
      const index = await readFile('dist/index.d.mts', 'utf8').catch(() => null)
      if (index !== null) await writeFile('dist/index.d.mts', index.replace(/^export \* from/m, 'export type * from'))
    },
  },
})
