/** Verification of a phone number by a code in a text message, which the phone page shows. */
import type { Exchange } from '../call/exchange.ts'
import type { Messages } from '../message/messages.ts'
import { text as asText } from './command.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals } from './errors.ts'
import { integer, nonEmptyText, object } from './fields.ts'
import { pageOf } from './listings.ts'
import { createValidator } from './validate.ts'

interface Verification {
  id: string
  record_type: 'verification'
  type: 'sms'
  phone_number: string
  verify_profile_id: string
  custom_code: string | null
  timeout_secs: number
  status: 'pending' | 'accepted' | 'expired'
  created_at: string
  updated_at: string
}

/** The sender of the codes. */
const SENDER = '+15550198'

const validateStart = createValidator(
  object(
    {
      phone_number: { type: 'string', pattern: '^\\+[1-9]\\d{1,14}$', code: '10016' },
      verify_profile_id: nonEmptyText,
      custom_code: { type: ['string', 'null'], pattern: '^\\d{4,10}$' },
      timeout_secs: integer(1, 86_400, 300),
    },
    'phone_number',
    'verify_profile_id',
  ),
)
const validateCode = createValidator(object({ code: nonEmptyText }, 'code'))
const validateCodeOfNumber = createValidator(
  object({ code: nonEmptyText, verify_profile_id: nonEmptyText }, 'code', 'verify_profile_id'),
)

export function verificationEndpoints({ clock, chance, settings }: Exchange, messages: Messages): Endpoints {
  const { undocumentedValues } = settings.api
  const entries: { verification: Verification; code: string }[] = []
  let count = 0
  const time = () => new Date(clock.now()).toISOString()
  type Entry = (typeof entries)[number]

  const check = (entry: Entry | undefined, code: string) => {
    if (!entry) throw refusals.notFound()
    const { verification } = entry
    const isAccepted = verification.status === 'pending' && code === entry.code
    if (isAccepted) Object.assign(verification, { status: 'accepted', updated_at: time() })
    const response_code = isAccepted ? 'accepted' : 'rejected'
    return { data: { phone_number: verification.phone_number, response_code } }
  }

  return {
    'POST /v2/verifications/sms': ({ body }) => {
      const { phone_number, verify_profile_id, custom_code, timeout_secs } = validateStart(body, undocumentedValues)
      count += 1
      const verification: Verification = {
        id: chance.uuid('verification', count),
        record_type: 'verification',
        type: 'sms',
        phone_number: String(phone_number),
        verify_profile_id: String(verify_profile_id),
        custom_code: asText(custom_code) ?? null,
        timeout_secs: Number(timeout_secs),
        status: 'pending',
        created_at: time(),
        updated_at: time(),
      }
      const random = Math.floor(chance.fraction('verification code', count) * 100_000)
      const code = verification.custom_code ?? String(random).padStart(5, '0')
      entries.push({ verification, code })
      if (entries.length > settings.delivery.historySize) entries.shift()
      messages.deliver({ from: SENDER, to: verification.phone_number, text: `Your verification code is ${code}.` })
      clock.schedule(clock.now() + verification.timeout_secs * 1000, () => {
        if (verification.status === 'pending') Object.assign(verification, { status: 'expired', updated_at: time() })
      })
      return { data: { ...verification } }
    },
    'GET /v2/verifications/:id': ({ id }) => {
      const entry = entries.find(({ verification }) => verification.id === id)
      if (!entry) throw refusals.notFound()
      return { data: entry.verification }
    },
    'POST /v2/verifications/:id/actions/verify': ({ id, body }) => {
      const { code } = validateCode(body, undocumentedValues)
      return check(
        entries.find(({ verification }) => verification.id === id),
        String(code),
      )
    },
    'GET /v2/verifications/by_phone_number/:id': ({ id, query }) =>
      pageOf(
        entries.map(({ verification }) => verification).filter(({ phone_number }) => phone_number === id),
        query,
      ),
    'POST /v2/verifications/by_phone_number/:id/actions/verify': ({ id, body }) => {
      const { code, verify_profile_id } = validateCodeOfNumber(body, undocumentedValues)
      const newest = entries.findLast(
        ({ verification }) => verification.phone_number === id && verification.verify_profile_id === verify_profile_id,
      )
      return check(newest, String(code))
    },
  }
}
