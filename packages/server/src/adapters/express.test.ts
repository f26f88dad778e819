import type { AddressInfo } from 'node:net'
import express from 'express'
import { describeAdapter, type RunningApp } from './adapter.contract.ts'
import { expressMiddleware } from './express.ts'

async function listening(app: express.Express, attach: (server: ReturnType<typeof app.listen>) => void) {
  app.post('/own', (request, response) => void response.json(request.body))
  const server = await new Promise<ReturnType<typeof app.listen>>((resolve) => {
    const it = app.listen(0, '127.0.0.1', () => resolve(it))
  })
  attach(server)
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close } satisfies RunningApp
}

describeAdapter('Express', {
  hasSockets: true,
  start: (gather) => {
    const app = express()
    app.use(expressMiddleware(gather))
    app.use(express.json())
    return listening(app, (server) => gather.attachSocket(server))
  },
  startBehindParser: (gather) => {
    const app = express()
    app.use(express.json())
    app.use(expressMiddleware(gather))
    return listening(app, () => {})
  },
})

describeAdapter('Express (mounted at the base path)', {
  hasSockets: true,
  start: (gather) => {
    const app = express()
    app.use(gather.basePath, expressMiddleware(gather))
    app.use(express.json())
    return listening(app, (server) => gather.attachSocket(server))
  },
  startBehindParser: (gather) => {
    const app = express()
    app.use(express.raw({ type: '*/*' }))
    app.use(gather.basePath, expressMiddleware(gather))
    return listening(app, () => {})
  },
})
