import { commentsOnOwnLines, starExportsStayTypes } from '@callgather/build-kit/declarations'
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
  plugins: [starExportsStayTypes, commentsOnOwnLines],
  sourcemap: true,
  fixedExtension: true,
})
