import Fastify, { type FastifyInstance } from 'fastify'
import { describeAdapter } from './adapter.contract.ts'
import { fastifyPlugin } from './fastify.ts'

async function listening(app: FastifyInstance) {
  app.post('/own', async (request) => request.body)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return { origin, close: () => app.close() }
}

describeAdapter('Fastify', {
  hasSockets: true,
  start: async (gather) => {
    const app = Fastify({ forceCloseConnections: true })
    await app.register(fastifyPlugin(gather))
    return listening(app)
  },
  startBehindParser: async (gather) => {
    const app = Fastify({ forceCloseConnections: true })
    app.addHook('preParsing', async (_request, _reply, payload) => {
      for await (const chunk of payload) void chunk
    })
    await app.register(fastifyPlugin(gather))
    return listening(app)
  },
})
