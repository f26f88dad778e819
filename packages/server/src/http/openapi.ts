/**
 * The HTTP interface as an OpenAPI 3.1 document, made from the schemas that check the requests: what it says of a
 * command's body is what the server holds it to.
 */
import {
  type CommandName,
  commandNames,
  type ErrorName,
  errorTable,
  exportFormats,
  isGather,
  MASK_HEADER,
  PROTOCOL_HEADER,
  REPLACE_HEADER,
} from '@callgather/protocol'
import { callsEventFrameSchema, commandSchemas, cursorSchema, recordSchema } from '@callgather/protocol/schema'
import * as z from 'zod/mini'
import manifest from '../../package.json' with { type: 'json' }
import { json } from '../edge/message.ts'
import type { Route } from './router.ts'

type Json = { readonly [key: string]: unknown }

/** What each command does. Its parameters, ranges and defaults are Telnyx's. */
const commandSummaries: Record<CommandName, string> = {
  gather: 'Collect digits, with no prompt',
  gather_using_audio: 'Play a file and collect digits',
  gather_using_speak: 'Say a text and collect digits',
  gather_using_ai: 'Let an assistant ask for the fields of a JSON Schema',
  gather_stop: 'Stop a digit gather',
  ai_assistant_start: 'Let an assistant talk to the caller',
  ai_assistant_stop: 'Stop the assistant; the call stays up',
  ai_assistant_add_messages: 'Whisper to a running assistant',
}

const isText = { type: 'string' }
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const content = (schema: Json, type = 'application/json') => ({ [type]: { schema } })
const answer = (description: string, schema: Json) => ({ description, content: content(schema) })
const data = (schema: Json, meta?: Json) => ({
  type: 'object',
  required: ['data'],
  properties: { data: schema, ...(meta ? { meta } : {}) },
})

/** `gather_using_speak` as the name of a schema: `GatherUsingSpeak`. */
const schemaName = (command: string) => command.replace(/(?:^|_)(ai|[a-z])/g, (_, part: string) => part.toUpperCase())

function schemaOf(schema: z.core.$ZodType): Json {
  // OpenAPI 3.1 says the dialect once for the whole document.
  const { $schema: _, ...rest } = z.toJSONSchema(schema)
  return rest
}

/** The errors of an operation, by name. Errors with the same status share one response. */
function refusals(...names: readonly ErrorName[]): Json {
  const byStatus = new Map<number, string[]>()
  for (const name of names) {
    const { status, code, title } = errorTable[name]
    byStatus.set(status, [...(byStatus.get(status) ?? []), `${code} ${title}`])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [String(status), answer(`${titles.join('; ')}.`, ref('Errors'))]),
  )
}

const parameter = (place: 'path' | 'query' | 'header', name: string, description: string, schema: Json = isText) => ({
  ...{ name, in: place, description, schema },
  ...(place === 'path' ? { required: true } : {}),
})
const callId = parameter('path', 'call_control_id', 'Telnyx’s id of the call leg.')

const commandParameters = [
  parameter(
    'header',
    'Idempotency-Key',
    'The same key and body again give the same outcome, and run the command once.',
    { type: 'string', minLength: 1, maxLength: 128 },
  ),
  parameter('header', MASK_HEADER, 'Hides the input of this gather, or more of it than the server’s policy does.', {
    enum: ['digits', 'allButLast4', 'all'],
  }),
  parameter(
    'header',
    PROTOCOL_HEADER,
    'The protocol version of CallGather’s own client. A mismatch is refused; SDKs send none.',
    { type: 'integer', minimum: 0 },
  ),
]
const replaces = parameter(
  'header',
  REPLACE_HEADER,
  'Stops the gather that is running on the call first. By default a second gather is refused.',
  { enum: ['true', 'false'] },
)

/** What the document says of one route. Its tag, its security and what all routes of calls share follow from its path. */
interface Operation {
  readonly id: string
  readonly summary: string
  readonly parameters?: readonly Json[]
  readonly requestBody?: Json
  readonly responses: Json
  readonly refusals?: readonly ErrorName[]
}

const commandOperation = (command: CommandName): Operation => ({
  id: schemaName(command).replace(/^./, (first) => first.toLowerCase()),
  summary: commandSummaries[command],
  parameters: [...commandParameters, ...(isGather(command) ? [replaces] : [])],
  requestBody: { content: content(ref(schemaName(command))) },
  responses: {
    200: {
      ...answer('Telnyx took the command. What comes of it arrives as events.', data({ type: 'object' })),
      headers: { 'x-command-id': { description: 'The command’s id in the events.', schema: isText } },
    },
    426: answer('The client and the server speak different protocol versions.', ref('Errors')),
  },
  refusals: [
    ...(['unknownParameter', 'invalidJson', 'commandInFlight'] as const),
    ...(isGather(command) ? (['gatherInProgress'] as const) : []),
    ...(['callEnded', 'outOfRange', 'tooManyRequests', 'unavailable', 'outcomeUnknown'] as const),
  ],
})

const status = { type: 'object', required: ['status'], properties: { status: isText } }

/** The operations by method and path. */
const operations: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(
    commandNames.map((name) => [`post /v2/calls/{call_control_id}/actions/${name}`, commandOperation(name)]),
  ),
  'get /calls': {
    id: 'listCalls',
    summary: 'The calls that the ticket may see, newest first',
    responses: { 200: answer('The calls.', data({ type: 'array', items: ref('CallSummary') })) },
    refusals: ['unauthenticated'],
  },
  'get /calls/{call_control_id}': {
    id: 'getCall',
    summary: 'One call',
    responses: {
      200: answer(
        'The call, and how far its log reaches.',
        data({ allOf: [ref('CallSummary'), { type: 'object', properties: { cursor: ref('Cursor') } }] }),
      ),
    },
  },
  'delete /calls/{call_control_id}': {
    id: 'forgetCall',
    summary: 'Erase a call, wherever something of it is kept',
    responses: { 204: { description: 'Erased.' } },
    refusals: ['forbidden'],
  },
  'get /calls/{call_control_id}/events': {
    id: 'listEvents',
    summary: 'The log of a call',
    parameters: [
      parameter('query', 'after', 'The number to read after.', { type: 'integer', minimum: 0, default: 0 }),
      parameter('query', 'limit', 'How many at most.', { type: 'integer', minimum: 0, maximum: 1000, default: 1000 }),
    ],
    responses: {
      200: answer(
        'The records, in order.',
        data(
          { type: 'array', items: ref('CallRecord') },
          { type: 'object', required: ['epoch'], properties: { epoch: isText } },
        ),
      ),
    },
    refusals: ['unknownParameter'],
  },
  'get /calls/{call_control_id}/export': {
    id: 'exportCall',
    summary: 'A call as a file',
    parameters: [
      parameter(
        'query',
        'format',
        'Everything as JSON, the timeline as CSV or Markdown, or what was said as captions.',
        { enum: [...exportFormats], default: 'json' },
      ),
    ],
    responses: {
      200: {
        description: 'The file.',
        content: {
          ...content({ type: 'object' }),
          ...content(isText, 'text/csv'),
          ...content(isText, 'text/vtt'),
          ...content(isText, 'text/markdown'),
        },
      },
    },
    refusals: ['unknownParameter'],
  },
  'post /webhooks': {
    id: 'receiveWebhook',
    summary: 'Where Telnyx sends its webhooks. 200 means stored; anything else asks to send again',
    parameters: [
      parameter('header', 'telnyx-timestamp', 'Seconds since 1970, within 300 of now.'),
      parameter('header', 'telnyx-signature-ed25519', 'Base64 of the Ed25519 signature of `timestamp|body`.'),
    ].map((each) => ({ ...each, required: true })),
    requestBody: { required: true, content: content({ type: 'object' }) },
    responses: { 200: { description: 'Stored, now or before.' } },
    refusals: ['unauthenticated', 'bodyTooLarge', 'unsupportedEncoding', 'internal', 'unavailable'],
  },
  'get /healthz': {
    id: 'health',
    summary: 'Whether the process answers',
    responses: { 200: answer('It does.', status) },
  },
  'get /readyz': {
    id: 'readiness',
    summary:
      'Whether webhooks can be taken: a public key is in force, the store takes appends, the server is not going away',
    responses: { 200: answer('They can.', status), 503: answer('Not now.', status) },
  },
  'get /metrics': {
    id: 'metrics',
    summary: 'Metrics for Prometheus',
    responses: { 200: { description: 'Prometheus’s text format.', content: content(isText, 'text/plain') } },
  },
  'get /openapi.json': {
    id: 'openapi',
    summary: 'This document',
    responses: { 200: answer('OpenAPI 3.1.', { type: 'object' }) },
  },
}

const tags = { '/v2/': 'Commands', '/calls': 'Calls', '/webhooks': 'Webhooks', '/': 'Operations' } as const

function pathsOf(all: Readonly<Record<string, Operation>>): Record<string, Json> {
  const paths: Record<string, Json> = {}
  for (const [route, { id, parameters = [], refusals: names = [], responses, ...rest }] of Object.entries(all)) {
    const [method = '', path = ''] = route.split(' ')
    const isOfCall = path.includes('{call_control_id}')
    const guarded = isOfCall ? (['unauthenticated', 'notFound'] as const) : []
    const tag = Object.entries(tags).find(([start]) => path.startsWith(start))?.[1]
    const operation = {
      operationId: id,
      ...rest,
      tags: [tag],
      security: tag === 'Commands' || tag === 'Calls' ? [{ ticket: [] }] : [],
      parameters: [...(isOfCall ? [callId] : []), ...parameters],
      responses: { ...responses, ...refusals(...guarded, ...names) },
    }
    paths[path] = { ...paths[path], [method]: operation }
  }
  return paths
}

const error = {
  type: 'object',
  required: ['code', 'title'],
  properties: {
    code: { type: 'string', pattern: '^[0-9]+$' },
    title: isText,
    detail: isText,
    source: { type: 'object', required: ['pointer'], properties: { pointer: isText } },
  },
}

/** Makes the document of a server that is mounted at a path. */
export function openApiDocument(basePath: string) {
  const { calls } = callsEventFrameSchema.shape
  return {
    openapi: '3.1.0',
    info: {
      title: 'CallGather',
      version: manifest.version,
      description:
        'Verified Telnyx webhooks and proxied gather commands. Paths, bodies and errors of commands are Telnyx’s.',
      license: { name: manifest.license, identifier: manifest.license },
    },
    servers: [{ url: basePath || '/' }],
    tags: Object.values(tags).map((name) => ({ name })),
    paths: pathsOf(operations),
    components: {
      securitySchemes: {
        ticket: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A ticket, made by `gather.issueTicket` or `callgather-server ticket`. A Telnyx SDK takes it as its key.',
        },
      },
      schemas: {
        ...Object.fromEntries(commandNames.map((name) => [schemaName(name), schemaOf(commandSchemas[name])])),
        CallRecord: schemaOf(recordSchema),
        CallSummary: schemaOf(calls._zod.def.element),
        Cursor: schemaOf(cursorSchema),
        Errors: { type: 'object', required: ['errors'], properties: { errors: { type: 'array', items: error } } },
      },
    },
  }
}

/** Answers `GET /openapi.json`. */
export function openApiRoute(basePath: string): Route {
  const document = json(200, openApiDocument(basePath), { 'cache-control': 'max-age=300' })
  return { method: 'GET', pattern: '/openapi.json', handler: async () => document }
}
