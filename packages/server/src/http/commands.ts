/** The command route: Telnyx's own paths, bodies and answers, so that any Telnyx SDK can use it. */
import { gatherError, isCommandName, isMask, MASK_HEADER, type Mask } from '@callgather/protocol'
import { type Access, scopeOf, unknownCall } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import type { Commands } from '../calls/commands.ts'
import { traced } from '../tracing.ts'
import { bearerOf, type HttpRequest, json, readJson } from './message.ts'
import type { Handler } from './router.ts'

const MAX_COMMAND_BYTES = 256 * 1024
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Answers `POST /v2/calls/:call_id/actions/:command`. */
export function commandRoute(parts: { access: Access; commands: Commands; audit: Audit }): Handler {
  const { access, commands, audit } = parts
  return async (request, { call_id: callId = '', command = '' }) => {
    const grant = await access.authenticate(bearerOf(request))
    if (!isCommandName(command)) {
      throw gatherError('notFound', 'There is no such command here. The eight commands are listed in the README.')
    }
    const allowed = await access.may(grant, { callId, scope: scopeOf(command), command })
    if (!allowed) {
      await audit.write({ what: 'denied', subject: grant.subject, callId, command, address: request.address })
      throw unknownCall()
    }
    const body = await readJson(request, MAX_COMMAND_BYTES)
    const idempotencyKey = idempotencyKeyOf(request.header('idempotency-key'))
    const given = await commands.give({
      callId,
      command,
      body,
      subject: grant.subject,
      trusted: grant.trusted === true,
      onlyKnown: true,
      idempotencyKey,
      mask: maskOf(request),
      address: request.address,
    })
    const data = await traced(
      'callgather.command',
      { 'callgather.command': command },
      () => given.accepted,
      () => 'accepted',
    )
    return json(200, { data }, { 'x-command-id': given.commandId })
  }
}

/** `callgather-mask: all | digits | allButLast4`: the sender of a gather may ask for a stricter mask. */
function maskOf(request: HttpRequest): Mask | undefined {
  if (request.header('callgather-sensitive').length > 0) {
    throw gatherError('unknownParameter', `The \`callgather-sensitive\` header was renamed. Send \`${MASK_HEADER}\`.`)
  }
  const [word, ...others] = request.header(MASK_HEADER)
  if (word === undefined) return undefined
  if (others.length === 0 && isMask(word)) return word
  throw gatherError('unknownParameter', `The \`${MASK_HEADER}\` header must be one of: all, digits, allButLast4.`)
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
