import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findWebhookRoutes } from './receiver.ts'

async function routesOf(file: string, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'callgather-routes-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await writeFile(join(folder, file), text)
  return (await findWebhookRoutes(folder)).map(({ path, line }) => `${path} ${line}`)
}

describe('findWebhookRoutes', () => {
  it.each([
    [
      'an Express route',
      'server.js',
      "app.get('/health', ok)\napp.post('/webhooks/voice', handle)",
      '/webhooks/voice 2',
    ],
    [
      'an Express route over several lines',
      'server.js',
      "app.post(\n  '/webhooks',\n  raw(),\n  handle,\n)",
      '/webhooks 1',
    ],
    [
      'an Express router with a prefix',
      'server.ts',
      "router.post('/voice', handle)\napp.use('/hooks', raw(), router)",
      '/hooks/voice 1',
    ],
    ['a Flask route', 'app.py', '@app.route("/webhooks/voice", methods=["POST"])', '/webhooks/voice 1'],
    [
      'a Flask route over several lines',
      'app.py',
      '\n@app.route(\n    "/webhooks/voice",\n    methods=["POST"],\n)',
      '/webhooks/voice 2',
    ],
    [
      'a Flask blueprint with a prefix',
      'app.py',
      'calls = Blueprint("calls", __name__, url_prefix="/hooks")\n@calls.post("/voice")',
      '/hooks/voice 2',
    ],
    [
      'a FastAPI router with a prefix',
      'app.py',
      'router = APIRouter(prefix="/hooks")\n@router.post("/voice")',
      '/hooks/voice 2',
    ],
    [
      'a route handler of Next.js',
      'src/app/(voice)/api/calls/route.ts',
      "import x from 'x'\nexport async function POST(request) {}",
      '/api/calls 2',
    ],
    ['an API route of Next.js', 'pages/api/voice.ts', 'export default function handler() {}', '/api/voice 1'],
  ])('findWebhookRoutes finds %s with its line', async (_, file, text, route) => {
    expect(await routesOf(file, text)).toEqual([route])
  })

  it('findWebhookRoutes ignores a Flask route that accepts only GET', async () => {
    const text = `@app.route("/events")\ndef events(): ...\n@app.route("/voice", methods=["POST"])`
    expect(await routesOf('app.py', text)).toEqual(['/voice 3'])
  })

  it('findWebhookRoutes ignores a route that starts a call', async () => {
    expect(await routesOf('app.js', "app.post('/calls/dial', dial)")).toEqual([])
  })

  it('findWebhookRoutes prefers the file that the command starts to another program in its folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'callgather-routes-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'a.js'), "app.post('/telnyx/webhooks/voice', (req) => req.body.data.event_type)")
    await writeFile(join(folder, 'b.js'), "app.post('/inbound', (req) => req.body.data.event_type)")
    const files = async (...command: string[]) => (await findWebhookRoutes(folder, command)).map(({ file }) => file)
    expect(await files('node', 'b.js')).toEqual(['b.js', 'a.js'])
    expect(await files('npm', 'start')).toEqual(['a.js', 'b.js'])
  })

  it('findWebhookRoutes accepts a route with any name when the file reads the type of an event', async () => {
    expect(await routesOf('app.js', "app.post('/', (req) => req.body.data.event_type)")).toEqual(['/ 1'])
    expect(await routesOf('app.js', "app.post('/', (req) => req.body.name)")).toEqual([])
  })
})
