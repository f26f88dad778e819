/** The command route. It has Telnyx's paths, bodies and responses, so that any Telnyx SDK can use it. */
import {
  type CommandName,
  checkProtocolVersion,
  gatherError,
  isCommandName,
  isGather,
  isMask,
  LABEL_HEADER,
  MASK_HEADER,
  MAX_LABEL_LENGTH,
  type Mask,
  PROTOCOL_HEADER,
  REPLACE_HEADER,
  type Scope,
  versionError,
} from '@callgather/protocol'
import { type Access, requiredScope, unknownCallError } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import type { Commands } from '../commands/commands.ts'
import { bearerToken, type HttpRequest, json, readJson } from '../edge/message.ts'
import type { RateLimit } from '../edge/rate-limit.ts'
import { withSpan } from '../edge/tracing.ts'
import { endingCommands } from '../telnyx/commands.ts'
import type { Handler } from './router.ts'

const MAX_COMMAND_BYTES = 256 * 1024
/** Maximum length of a call id. */
const LONGEST_CALL_ID = 512
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Returns the handler of `POST /v2/calls/:call_id/actions/:command`. */
export function commandRoute(parts: {
  access: Access
  commands: Commands
  audit: Audit
  /** Rate limits of each subject. Stop commands have a separate limit, which other commands cannot exhaust. */
  rates: { commands: RateLimit; stops: RateLimit }
}): Handler {
  const { access, commands, audit, rates } = parts
  return async (request, { call_id: callId = '', command = '' }) => {
    const grant = await access.authenticate(bearerToken(request))
    const { subject } = grant
    const spend = () =>
      isCommandName(command) && endingCommands.has(command)
        ? rates.stops.takeOrThrow(subject, 'Stops')
        : rates.commands.takeOrThrow(subject, 'Commands')
    // Permitted commands of the host's own code are not rate limited. Denied commands are.
    if (grant.trusted !== true) spend()
    checkProtocol(request)
    if (!isCommandName(command)) {
      throw gatherError('notFound', 'This server has no such command. Use one of the eight commands in the README.')
    }
    const replace = isReplacing(request, command)
    const wanted = replace ? [command, 'gather_stop' as const] : [command]
    const isAllowed = (scope: Scope) => (each: CommandName) => access.isAllowed(grant, { callId, scope, command: each })
    const may = await Promise.all(wanted.map((each) => isAllowed(requiredScope(each))(each)))
    // An agent who may ask the caller may also stop it, whatever command stops it.
    const stopsOwn = async () =>
      command === 'ai_assistant_stop' && (await isAllowed('gather')(command)) && (await commands.stopsAIGather(callId))
    if (callId.length > LONGEST_CALL_ID || (may.includes(false) && !(await stopsOwn()))) {
      if (grant.trusted === true) spend()
      await audit.write({ what: 'denied', subject, callId, command, address: request.address })
      throw unknownCallError()
    }
    const body = await readJson(request, MAX_COMMAND_BYTES)
    const idempotencyKey = idempotencyKeyOf(request.header('idempotency-key'))
    const given = await commands.submit({
      callId,
      command,
      body,
      subject,
      isTrusted: grant.trusted === true,
      mustExist: true,
      idempotencyKey,
      mask: maskOf(request),
      label: labelOf(request),
      replace,
      address: request.address,
    })
    const data = await withSpan(
      'callgather.command',
      { 'callgather.command': command },
      () => given.accepted,
      () => 'accepted',
    )
    return json(200, { data }, { 'x-command-id': given.commandId })
  }
}

/** Checks the `callgather-protocol` header. CallGather's client sends its version; Telnyx SDKs omit the header. */
function checkProtocol(request: HttpRequest): void {
  const [version, ...others] = request.header(PROTOCOL_HEADER)
  if (version === undefined) return
  if (others.length > 0 || !/^\d{1,9}$/.test(version)) {
    throw gatherError('unknownParameter', `The \`${PROTOCOL_HEADER}\` header must be one whole number.`)
  }
  const mismatch = checkProtocolVersion(Number(version))
  if (mismatch) throw versionError(mismatch)
}

/** Whether the header `callgather-replace: true` asks to stop the running gather first. */
function isReplacing(request: HttpRequest, command: CommandName): boolean {
  const [word, ...others] = request.header(REPLACE_HEADER)
  if (word === undefined) return false
  if (others.length > 0 || !(word === 'true' || word === 'false')) {
    throw gatherError('unknownParameter', `The \`${REPLACE_HEADER}\` header must be \`true\` or \`false\`.`)
  }
  if (word === 'true' && !isGather(command)) {
    throw gatherError('unknownParameter', `The \`${REPLACE_HEADER}\` header is for gathers only. Leave it out.`)
  }
  return word === 'true'
}

/** Reads `callgather-mask: all | digits | allButLast4`, with which the sender of a gather requests a stricter mask. */
function maskOf(request: HttpRequest): Mask | undefined {
  const [word, ...others] = request.header(MASK_HEADER)
  if (word === undefined) return undefined
  if (others.length === 0 && isMask(word)) return word
  throw gatherError('unknownParameter', `The \`${MASK_HEADER}\` header must be one of: all, digits, allButLast4.`)
}

/** Reads `callgather-label`, percent-encoded text that names what a gather asks for. */
function labelOf(request: HttpRequest): string | undefined {
  const [encoded, ...others] = request.header(LABEL_HEADER)
  if (encoded === undefined) return undefined
  const label = others.length === 0 ? decoded(encoded) : null
  if (label !== null && label.length <= MAX_LABEL_LENGTH && label.trim() !== '' && !/\p{Cc}/u.test(label)) return label
  throw gatherError(
    'unknownParameter',
    `The \`${LABEL_HEADER}\` header must be 1 to ${MAX_LABEL_LENGTH} percent-encoded characters of text.`,
  )
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function idempotencyKeyOf(values: readonly string[]): string | undefined {
  const [key] = values
  if (key === undefined) return undefined
  if (values.length > 1 || !IDEMPOTENCY_KEY.test(key)) {
    throw gatherError(
      'unknownParameter',
      'The `Idempotency-Key` header must be one value of 1 to 128 visible characters.',
    )
  }
  return key
}
