/** Sends invalid input to the APIs. Each request gets an error in Telnyx's format, and the process keeps running. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, createSimulator, type Simulator, virtualClock } from '../index.ts'
import { schemas } from './schemas.ts'

let sim: Simulator
let caller: Caller | undefined
const auth = { authorization: 'Bearer KEY' }

beforeAll(async () => {
  sim = await createSimulator({ clock: virtualClock() })
})
afterAll(() => sim.close())

/** Returns the id of an answered call. Dials a new call if the previous input ended the last call. */
async function upCall(): Promise<string> {
  if (caller?.view.state === 'answered') return caller.id
  caller = await sim.phone.dial()
  const answer = await sim.fetch(`${sim.url}/calls/${caller.id}/actions/answer`, {
    method: 'POST',
    headers: auth,
    body: '{}',
  })
  expect(answer.status).toBe(200)
  return caller.id
}

async function expectTelnyxShape(response: Response): Promise<number> {
  const body: unknown = await response.json()
  if (response.status === 200 || response.status === 201) {
    expect(body).toHaveProperty('data')
    return response.status
  }
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(response.status, JSON.stringify(body)).toBeLessThan(500)
  const { errors } = body as { errors: { code: unknown; title: unknown; detail: unknown }[] }
  expect(errors.length).toBeGreaterThan(0)
  for (const { code, title, detail } of errors) {
    expect(code).toMatch(/^\d{5}$/)
    expect(typeof title).toBe('string')
    expect(typeof detail).toBe('string')
  }
  return response.status
}

const commands = Object.keys(schemas).filter((name) => name !== 'dial') as (keyof typeof schemas)[]
const anyKey = fc.oneof(
  fc.constantFrom(...new Set(commands.flatMap((name) => Object.keys(schemas[name].properties)))),
  fc.string({ maxLength: 8 }),
  fc.constant('__proto__'),
)
const anyBody = fc.oneof(
  fc.dictionary(anyKey, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }),
  fc.jsonValue({ maxDepth: 2 }),
)

const post = async (command: string, body: string | Uint8Array<ArrayBuffer>, id?: string) =>
  sim.fetch(`${sim.url}/calls/${id ?? (await upCall())}/actions/${command}`, {
    method: command === 'client_state_update' ? 'PUT' : 'POST',
    headers: { ...auth, 'content-type': 'application/json' },
    body,
  })

describe('invalid input', () => {
  it('accepts a value of any type in a command field, or refuses it in Telnyx’s error format', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...commands), anyBody, async (command, body) => {
        await expectTelnyxShape(await post(command, JSON.stringify(body)))
        await sim.clock?.advance(1)
      }),
      { numRuns: 800 },
    )
  })

  it('refuses a command field of the wrong type with a JSON pointer to that field', async () => {
    const wrong: Record<string, unknown> = {
      string: 7,
      integer: 'x',
      boolean: 'x',
      object: 'x',
      array: 'x',
      number: 'x',
    }
    const base: Record<string, Record<string, unknown>> = {
      gather_using_speak: { payload: 'x', voice: 'female' },
      gather_using_ai: { parameters: { type: 'object', properties: {} } },
      gather_using_audio: { audio_url: 'https://example.com/a.wav' },
      speak: { payload: 'x', voice: 'female' },
      playback_start: { audio_url: 'https://example.com/a.wav' },
    }
    for (const command of commands) {
      for (const [field, schema] of Object.entries(schemas[command].properties as Record<string, { type?: string }>)) {
        if (schema.type === undefined) continue
        const response = await post(command, JSON.stringify({ ...base[command], [field]: wrong[schema.type] }))
        expect(response.status, `${command} ${field}`).toBe(422)
        const { errors } = (await response.json()) as { errors: { source?: { pointer: string } }[] }
        expect(
          errors.map(({ source }) => source?.pointer),
          `${command} ${field}`,
        ).toContain(`/${field}`)
      }
    }
  })

  it('refuses a command body that is missing, not JSON or not UTF-8', async () => {
    expect(await expectTelnyxShape(await post('gather', '{"maximum_digits": 4'))).toBe(400)
    expect(await expectTelnyxShape(await post('gather', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])))).toBe(
      400,
    )
    expect(await expectTelnyxShape(await post('gather', ''))).toBe(200)
    expect(await expectTelnyxShape(await post('gather', `${'['.repeat(50_000)}${']'.repeat(50_000)}`))).toBe(422)
    await using strict = await createSimulator({ settings: { api: { emptyBody: 'refuse' } } })
    const caller = await strict.phone.dial()
    const response = await strict.fetch(`${strict.url}/calls/${caller.id}/actions/answer`, {
      method: 'POST',
      headers: auth,
    })
    expect(await expectTelnyxShape(response)).toBe(422)
  })

  it('responds in Telnyx’s error format to any invalid call id or path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
        async (parts, method) => {
          const path = parts.map((part) => encodeURIComponent(part)).join('/')
          const response = await sim.fetch(`${sim.url}/${path}`, { method, headers: auth })
          await expectTelnyxShape(response)
        },
      ),
      { numRuns: 300 },
    )
    for (const id of ['%E0%A4%A', '..', '%00', 'v3:', encodeURIComponent('a/b?c#d')])
      await expectTelnyxShape(await sim.fetch(`${sim.url}/calls/${id}`, { headers: auth }))
  })

  it('refuses invalid input to the /_sim API', async () => {
    const origin = sim.url.replace('/v2', '')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('calls', 'press', 'say', 'hangup', 'answer', 'decline', 'faults', 'clock'),
        fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          fc.dictionary(
            fc.constantFrom('digits', 'text', 'from', 'to', 'ms', 'everyMs', 'drop', 'busy'),
            fc.jsonValue({ maxDepth: 1 }),
          ),
        ),
        async (what, body) => {
          const id = encodeURIComponent(await upCall())
          const collections: Record<string, string> = { calls: 'calls', faults: 'faults', clock: 'clock/advance' }
          const path = collections[what] ?? `calls/${id}/${what}`
          const response = await sim.fetch(`${origin}/_sim/${path}`, {
            method: what === 'faults' ? 'PUT' : 'POST',
            body: JSON.stringify(body),
          })
          await expectTelnyxShape(response)
          sim.faults.set({})
        },
      ),
      { numRuns: 300 },
    )
  })

  it('refuses a request body of ten megabytes, with or without content-length, and a body that never ends', async () => {
    const huge = Buffer.alloc(10_000_000, 'x')
    for (const init of [
      { body: huge },
      {
        body: new Blob([huge]).stream(),
        duplex: 'half',
      },
    ]) {
      const response = await fetch(`${sim.url}/calls/${await upCall()}/actions/gather`, {
        method: 'POST',
        headers: auth,
        ...init,
      } as RequestInit)
      expect(await expectTelnyxShape(response)).toBe(413)
    }
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(sim.url).port), '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
        if (text.includes('errors')) socket.destroy()
      })
      socket.on('close', () => resolve(text))
      socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
      socket.write(
        `POST /v2/calls/x/actions/gather HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer K\r\ncontent-length: 999999999\r\n\r\n`,
      )
    })
    expect(answer).toContain('413')
  })

  it('the HTTP server keeps running after it receives data that is not HTTP', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(sim.url).port), '127.0.0.1')
      socket.on('error', () => resolve())
      socket.on('close', () => resolve())
      socket.resume()
      socket.write('\u0000\u0001\u0002 nonsense\r\n\r\n')
    })
    expect((await fetch(`${sim.url}/public_key`, { headers: auth })).status).toBe(200)
  })

  it('refuses requests from pages of other sites, and requests to a foreign host name (DNS rebinding)', async () => {
    const origin = sim.url.replace('/v2', '')
    expect(
      await expectTelnyxShape(
        await fetch(`${origin}/_sim/calls`, { method: 'POST', headers: { origin: 'https://evil.example' } }),
      ),
    ).toBe(403)
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(sim.url).port), '127.0.0.1')
      socket.once('data', (chunk) => {
        resolve(chunk.toString())
        socket.destroy()
      })
      socket.write('GET /_sim/calls HTTP/1.1\r\nhost: evil.example\r\n\r\n')
    })
    expect(answer).toContain('403')
  })
})

const contractPath = process.env.CALLGATHER_TELNYX_CONTRACT
const requestSchemas: Partial<Record<keyof typeof schemas, string>> = {
  gather: 'GatherRequest',
  gather_using_audio: 'GatherUsingAudioRequest',
  gather_using_speak: 'GatherUsingSpeakRequest',
  gather_using_ai: 'GatherUsingAIRequest',
  gather_stop: 'StopGatherRequest',
  ai_assistant_start: 'AIAssistantStartRequest',
  ai_assistant_stop: 'AIAssistantStopRequest',
  ai_assistant_add_messages: 'AIAssistantAddMessagesRequest',
}

interface OpenApiSchema {
  $ref?: string
  type?: string
  enum?: unknown[]
  properties?: Record<string, OpenApiSchema>
  required?: string[]
  items?: OpenApiSchema
  oneOf?: OpenApiSchema[]
  anyOf?: OpenApiSchema[]
  allOf?: OpenApiSchema[]
  format?: string
  minimum?: number
  maximum?: number
  example?: unknown
  discriminator?: { mapping?: Record<string, string> }
}

describe.runIf(contractPath)('every request the contract allows', () => {
  it('accepts each generated command body that Telnyx’s OpenAPI contract and error catalogue allow', async () => {
    const contract = JSON.parse(readFileSync(contractPath ?? '', 'utf8')) as {
      components: { schemas: Record<string, OpenApiSchema> }
    }
    const resolve = (schema: OpenApiSchema): OpenApiSchema =>
      schema.$ref ? resolve(contract.components.schemas[schema.$ref.split('/').pop() ?? ''] ?? {}) : schema
    /** Generates values of a JSON Schema, up to a limited depth. */
    const values = (input: OpenApiSchema, depth: number): fc.Arbitrary<unknown> => {
      const schema = resolve(input)
      const alternatives = schema.oneOf ?? schema.anyOf
      if (alternatives) return fc.oneof(...alternatives.map((one) => values(one, depth)))
      if (schema.allOf)
        return fc.tuple(...schema.allOf.map((part) => values(part, depth))).map((parts) => Object.assign({}, ...parts))
      if (schema.enum) return fc.constantFrom(...schema.enum)
      switch (schema.type) {
        case 'string':
          return schema.format === 'uri'
            ? fc.webUrl()
            : fc.oneof(fc.constant(schema.example ?? 'text'), fc.string({ minLength: 1, maxLength: 20 }))
        case 'integer':
          return fc.integer({ min: schema.minimum ?? 1, max: schema.maximum ?? 128 })
        case 'number':
          return fc.constantFrom(schema.minimum ?? 1, schema.maximum ?? 1)
        case 'boolean':
          return fc.boolean()
        case 'array':
          return depth > 0 ? fc.array(values(schema.items ?? {}, depth - 1), { maxLength: 2 }) : fc.constant([])
        default:
          if (!schema.properties || depth === 0) return fc.constant(schema.example ?? {})
          return fc.record(
            Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, values(one, depth - 1)])),
            {
              requiredKeys: schema.required ?? [],
            },
          )
      }
    }
    // A well-typed body may still violate the error catalogue, have conflicting fields, or not fit the state of the call.
    const allowed = new Set([
      '90007',
      '90008',
      '90010',
      '90012',
      '90013',
      '90017',
      '90022',
      '90061',
      '10003',
      '10004',
      '10015',
      '10025',
      '10027',
      '90011',
    ])
    let accepted = 0
    for (const [command, name] of Object.entries(requestSchemas)) {
      await fc.assert(
        fc.asyncProperty(values(contract.components.schemas[name] ?? {}, 4), async (body) => {
          const response = await post(command, JSON.stringify(body))
          if (response.status === 200) {
            accepted += 1
            return
          }
          const { errors } = (await response.json()) as { errors: { code: string; detail: string }[] }
          for (const { code } of errors) expect(allowed, JSON.stringify({ command, body, errors })).toContain(code)
        }),
        { numRuns: 150 },
      )
    }
    expect(accepted).toBeGreaterThan(200)
  })
})
