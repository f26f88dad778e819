import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { describeAdapter } from './adapter.contract.ts'
import { honoMiddleware } from './hono.ts'

async function listening(app: Hono, attach: (server: ReturnType<typeof serve>) => void) {
  app.post('/own', async (context) => context.json(await context.req.json()))
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const it = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(it))
  })
  attach(server)
  const close = async () => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

describeAdapter('Hono', {
  hasSockets: true,
  start: (gather) => {
    const app = new Hono()
    app.use(honoMiddleware(gather))
    return listening(app, (server) => gather.attachSocket(server as Parameters<typeof gather.attachSocket>[0]))
  },
  startBehindParser: (gather) => {
    const app = new Hono()
    app.use(async (context, next) => {
      await context.req.json()
      await next()
    })
    app.use(honoMiddleware(gather))
    return listening(app, () => {})
  },
})
