/** `@callgather/server/fastify`: CallGather in a Fastify app. */
import type { FastifyPluginAsync } from 'fastify'
import type { GatherServer } from '../server/gather-server.ts'

export type * from '../server/server-api.ts'

/**
 * A plugin that handles requests and sockets below the server's base path. It disables Fastify's body parser for its own
 * routes only, because the signature of a webhook covers its raw bytes.
 *
 * ```ts
 * import { fastifyPlugin } from '@callgather/server/fastify'
 * import Fastify from 'fastify'
 * import { gather } from './your-app.js'
 *
 * const app = Fastify()
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
