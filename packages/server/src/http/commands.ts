/** The command route: Telnyx's own paths, bodies and answers, so that any Telnyx SDK can use it. */
import { gatherError, isCommandName, SENSITIVE_HEADER, type Show } from '@callgather/protocol'
import { type Access, scopeOf, unknownCall } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import type { Commands } from '../calls/commands.ts'
import { traced } from '../tracing.ts'
import { bearerOf, json, readJson } from './message.ts'
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
      sensitive: showOf(request.header(SENSITIVE_HEADER)),
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

/** `callgather-sensitive: count | last4 | none`: whoever starts a gather may ask for secrecy. */
function showOf([word, ...others]: readonly string[]): Show | undefined {
  if (word === undefined) return undefined
  if (others.length === 0 && (word === 'count' || word === 'last4' || word === 'none')) return word
  throw gatherError('unknownParameter', `The \`${SENSITIVE_HEADER}\` header must be one of: count, last4, none.`)
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
