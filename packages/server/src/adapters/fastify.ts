/** `@callgather/server/fastify`: CallGather in a Fastify app. */
import type { FastifyPluginAsync } from 'fastify'
import type { GatherServer } from '../server/gather-server.ts'

export type * from '../server/server-api.ts'

/**
 * A plugin that answers what is below the server's base path, sockets included. Fastify's own body parser stays as it
 * is for your routes; in here it is off, because a webhook's signature covers its bytes.
 *
 * ```ts
 * await app.register(fastifyPlugin(gather))
 * ```
 */
export function fastifyPlugin(gather: GatherServer): FastifyPluginAsync {
  return async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', (_request, _payload, done) => done(null))
    fastify.all(`${gather.basePath}/*`, async (request, reply) => {
      const { status, headers = {}, body } = await gather.answer(gather.read(request.raw))
      return reply.code(status).headers(headers).send(body)
    })
    gather.attachSocket(fastify.server)
  }
}
