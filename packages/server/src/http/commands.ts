/** The command route: Telnyx's own paths, bodies and answers, so that any Telnyx SDK can use it. */
import { gatherError, isCommandName } from '@callgather/protocol'
import { type Access, scopeOf } from '../access/access.ts'
import type { Commands } from '../calls/commands.ts'
import { bearerOf, json, readJson } from './message.ts'
import type { Handler } from './router.ts'

const MAX_COMMAND_BYTES = 256 * 1024
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/

/** Answers `POST /v2/calls/:call_id/actions/:command`. */
export function commandRoute({ access, commands }: { access: Access; commands: Commands }): Handler {
  return async (request, { call_id: callId = '', command = '' }) => {
    const grant = await access.authenticate(bearerOf(request))
    if (!isCommandName(command)) {
      throw gatherError('notFound', 'There is no such command here. The eight commands are listed in the README.')
    }
    const allowed = await access.may(grant, { callId, scope: scopeOf(command), command })
    // Unknown and forbidden calls are answered alike: an answer must not tell which calls exist.
    if (!allowed) {
      throw gatherError(
        'notFound',
        'There is no such call, or your ticket does not cover it. Check the call control id.',
      )
    }
    const body = await readJson(request, MAX_COMMAND_BYTES)
    const idempotencyKey = idempotencyKeyOf(request.header('idempotency-key'))
    const { subject } = grant
    const given = await commands.give({ callId, command, body, subject, idempotencyKey, onlyKnown: true })
    return json(200, { data: await given.accepted }, { 'x-command-id': given.commandId })
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
