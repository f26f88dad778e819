/**
 * The HTTP interface as an OpenAPI 3.1 document. It is made from the schemas that validate requests, so the documented
 * command bodies are the ones that the server accepts.
 */
import {
  type CommandName,
  commandNames,
  type ErrorName,
  errorTable,
  exportFormats,
  isGather,
  LABEL_HEADER,
  MASK_HEADER,
  MAX_LABEL_LENGTH,
  PROTOCOL_HEADER,
  REPLACE_HEADER,
} from '@callgather/protocol'
import { callsEventFrameSchema, commandSchemas, cursorSchema, recordSchema } from '@callgather/protocol/schema'
import * as z from 'zod/mini'
import manifest from '../../package.json' with { type: 'json' }
import { json } from '../edge/message.ts'
import type { Route } from './router.ts'
import { wrapUpRefusals, wrapUpSchema } from './wrap-up.ts'

type Json = { readonly [key: string]: unknown }

/** A summary of each command. The parameters, ranges and defaults are Telnyx's. */
const commandSummaries: Record<CommandName, string> = {
  gather: 'Collect digits without a prompt',
  gather_using_audio: 'Play an audio file and collect digits',
  gather_using_speak: 'Speak a text and collect digits',
  gather_using_ai: 'Collect the fields of a JSON Schema with an AI assistant',
  gather_stop: 'Stop a digit gather',
  ai_assistant_start: 'Start an AI assistant',
  ai_assistant_stop: 'Stop the AI assistant without ending the call',
  ai_assistant_add_messages: 'Add messages to a running AI assistant',
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

/** Turns a command name into a schema name: `gather_using_speak` into `GatherUsingSpeak`. */
const schemaName = (command: string) => command.replace(/(?:^|_)(ai|[a-z])/g, (_, part: string) => part.toUpperCase())

function schemaOf(schema: z.core.$ZodType): Json {
  // OpenAPI 3.1 declares the dialect once for the whole document.
  const { $schema: _, ...rest } = z.toJSONSchema(schema)
  return rest
}

/** Returns the OpenAPI responses for the named errors. Errors with the same status share one response. */
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
    'Runs the command once. A repeated request with the same key and body gets the same outcome.',
    { type: 'string', minLength: 1, maxLength: 128 },
  ),
  parameter(
    'header',
    MASK_HEADER,
    'Masks the input of this gather. The stricter of this mask and the server’s mask policy applies.',
    {
      enum: ['digits', 'allButLast4', 'all'],
    },
  ),
  parameter(
    'header',
    LABEL_HEADER,
    'Names what this gather asks for, such as `Account%20number`, for every agent who sees the call. Percent-encoded.',
    { type: 'string', minLength: 1, maxLength: MAX_LABEL_LENGTH * 12 },
  ),
  parameter(
    'header',
    PROTOCOL_HEADER,
    'The protocol version of a CallGather client. The server refuses a mismatch. SDKs omit the header.',
    { type: 'integer', minimum: 0 },
  ),
]
const replaces = parameter(
  'header',
  REPLACE_HEADER,
  'Stops the running gather of the call first. By default, the server refuses a second gather.',
  { enum: ['true', 'false'] },
)

/** The description of one HTTP route. The path determines its tag, security and shared parameters. */
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
      ...answer('Telnyx accepted the command. Its results arrive as events.', data({ type: 'object' })),
      headers: { 'x-command-id': { description: 'The id of the command in events.', schema: isText } },
    },
    426: answer('The client and the server use different protocol versions.', ref('Errors')),
  },
  refusals: [
    ...(['unknownParameter', 'invalidJson', 'commandInFlight'] as const),
    ...(isGather(command) ? (['gatherInProgress'] as const) : []),
    ...(['callEnded', 'outOfRange', 'tooManyRequests', 'unavailable', 'outcomeUnknown'] as const),
  ],
})

const status = { type: 'object', required: ['status'], properties: { status: isText } }

/** The documented operations, by method and path. */
const operations: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(
    commandNames.map((name) => [`post /v2/calls/{call_control_id}/actions/${name}`, commandOperation(name)]),
  ),
  'get /calls': {
    id: 'listCalls',
    summary: 'List the calls that the ticket covers, newest first',
    responses: { 200: answer('The calls.', data({ type: 'array', items: ref('CallSummary') })) },
    refusals: ['unauthenticated'],
  },
  'get /calls/{call_control_id}': {
    id: 'getCall',
    summary: 'Get a call',
    responses: {
      200: answer(
        'The call and the cursor of its last event.',
        data({ allOf: [ref('CallSummary'), { type: 'object', properties: { cursor: ref('Cursor') } }] }),
      ),
    },
  },
  'delete /calls/{call_control_id}': {
    id: 'forgetCall',
    summary: 'Erase all stored data of a call',
    responses: { 204: { description: 'Erased.' } },
    refusals: ['forbidden'],
  },
  'get /calls/{call_control_id}/events': {
    id: 'listEvents',
    summary: 'List the events of a call',
    parameters: [
      parameter('query', 'after', 'Return events after this sequence number.', {
        type: 'integer',
        minimum: 0,
        default: 0,
      }),
      parameter('query', 'limit', 'Maximum number of events.', {
        type: 'integer',
        minimum: 0,
        maximum: 1000,
        default: 1000,
      }),
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
    summary: 'Export a call as a file',
    parameters: [
      parameter(
        'query',
        'format',
        'The whole call as JSON, its timeline as CSV or Markdown, or its speech as WebVTT captions.',
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
  'post /calls/{call_control_id}/wrap-up': {
    id: 'wrapUpCall',
    summary: 'Wrap up a call that has ended. The first wrap-up counts; repeating it changes nothing',
    requestBody: { required: true, content: content(schemaOf(wrapUpSchema)) },
    responses: { 200: answer('The wrap-up is stored.', data({ type: 'object' })) },
    refusals: wrapUpRefusals,
  },
  'post /calls/{call_control_id}/record/retry': {
    id: 'retryRecord',
    summary: 'Send the record of a call again that the receiver did not take for a day',
    responses: { 202: answer('The record is sent again soon.', data({ type: 'object' })) },
    refusals: ['forbidden', 'conflict'],
  },
  'post /webhooks': {
    id: 'receiveWebhook',
    summary: 'Receive a webhook from Telnyx. Telnyx retries unless the answer is 200',
    parameters: [
      parameter(
        'header',
        'telnyx-timestamp',
        'Unix time of the signature in seconds. By default, at most 300 s from the server’s clock.',
      ),
      parameter('header', 'telnyx-signature-ed25519', 'Base64 of the Ed25519 signature of `timestamp|body`.'),
    ].map((each) => ({ ...each, required: true })),
    requestBody: { required: true, content: content({ type: 'object' }) },
    responses: { 200: { description: 'The webhook is stored, or needs no storage.' } },
    refusals: ['unauthenticated', 'bodyTooLarge', 'unsupportedEncoding', 'internal', 'unavailable'],
  },
  'get /healthz': {
    id: 'health',
    summary: 'Check that the process is alive',
    responses: { 200: answer('The process is alive.', status) },
  },
  'get /readyz': {
    id: 'readiness',
    summary:
      'Check that the server can accept webhooks: a public key is valid, the store is writable, no shutdown has started',
    responses: { 200: answer('The server is ready.', status), 503: answer('The server is not ready.', status) },
  },
  'get /metrics': {
    id: 'metrics',
    summary: 'Get metrics for Prometheus',
    responses: {
      200: { description: 'Metrics in the Prometheus text format.', content: content(isText, 'text/plain') },
    },
  },
  'get /embed': {
    id: 'embed',
    summary: 'Get the page of the iframe, which only pages of allowed origins may frame',
    responses: { 200: { description: 'The page.', content: content(isText, 'text/html') } },
    refusals: ['notFound'],
  },
  'get /embed/{file}': {
    id: 'embedFile',
    summary: 'Get a file of the iframe',
    parameters: [parameter('path', 'file', 'The name of the file, such as `frame.mjs`.')],
    responses: { 200: { description: 'The file.', content: content(isText, 'text/javascript') } },
    refusals: ['notFound'],
  },
  'get /openapi.json': {
    id: 'openapi',
    summary: 'Get this document',
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

/** Returns the OpenAPI document of a server that is mounted at `basePath`. */
export function openApiDocument(basePath: string) {
  const { calls } = callsEventFrameSchema.shape
  return {
    openapi: '3.1.0',
    info: {
      title: 'CallGather',
      version: manifest.version,
      description:
        'Receives Telnyx webhooks and sends gather commands. Commands use Telnyx’s paths, bodies and errors.',
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
            'A ticket from `gather.issueTicket` or `callgather-server ticket`. Pass it to a Telnyx SDK as the API key.',
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

/** Returns the route of `GET /openapi.json`. */
export function openApiRoute(basePath: string): Route {
  const document = json(200, openApiDocument(basePath), { 'cache-control': 'max-age=300' })
  return { method: 'GET', pattern: '/openapi.json', handler: async () => document }
}
