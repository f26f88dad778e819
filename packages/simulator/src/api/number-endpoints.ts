/** The numbers, orders, number lookup and balance of an account. The seed determines all that a real account would have. */
import { type AccountNumber, countryOf } from '../account/numbers.ts'
import type { Exchange } from '../call/exchange.ts'
import { text as asText } from './command.ts'
import type { Endpoints } from './endpoint.ts'
import { refusals, refuse } from './errors.ts'
import { flag, list, object, text } from './fields.ts'
import { equalsFilter, pageOf } from './listings.ts'
import { createValidator } from './validate.ts'

const PHONE_NUMBER = '^\\+[1-9]\\d{1,14}$'
const DEFAULT_AVAILABLE = 10
const CARRIERS = [
  ['Simulated Mobile', 'mobile'],
  ['Simulated Wireless', 'mobile'],
  ['Simulated Landline', 'fixed line'],
  ['Simulated VoIP', 'voip'],
] as const

const validateOrder = createValidator(
  object(
    {
      phone_numbers: {
        ...list(object({ phone_number: { type: 'string', pattern: PHONE_NUMBER, code: '10016' } }, 'phone_number')),
        minItems: 1,
      },
      connection_id: text,
      messaging_profile_id: text,
      customer_reference: text,
    },
    'phone_numbers',
  ),
)
const validateNumber = createValidator(
  object({ connection_id: text, customer_reference: text, tags: list(text), hd_voice_enabled: flag }),
)

export function numberEndpoints({ numbers, settings, chance }: Exchange): Endpoints {
  const { undocumentedValues } = settings.api
  const require = (idOrNumber: string): AccountNumber => {
    const number = numbers.find(idOrNumber)
    if (!number) throw refusals.notFound()
    return number
  }
  return {
    'GET /v2/phone_numbers': ({ query }) => {
      const wanted = query.get('filter[phone_number]')
      const known = wanted === null ? undefined : numbers.find(wanted)
      const equals = (field: string) => {
        const isEqual = equalsFilter(query, `filter[${field}]`)
        return (number: AccountNumber) => isEqual(String(number[field] ?? ''))
      }
      const rows = (known ? [known] : numbers.list())
        .filter(({ phone_number }) => wanted === null || phone_number.includes(wanted))
        .filter(equals('status'))
        .filter(equals('connection_id'))
        .filter(equals('customer_reference'))
      return pageOf(rows, query)
    },
    'GET /v2/phone_numbers/:id': ({ id }) => ({ data: require(id) }),
    'PATCH /v2/phone_numbers/:id': ({ id, body }) => {
      const { id: _, phone_number: __, ...fields } = validateNumber(body, undocumentedValues)
      return { data: numbers.update(require(id), fields) }
    },
    'GET /v2/available_phone_numbers': ({ query }) => {
      const filter = (name: string) => query.get(`filter[${name}]`)
      const isTollFree = filter('phone_number_type') === 'toll_free'
      const isUs = (filter('country_code') ?? 'US') === 'US'
      const limit = Number(filter('limit') ?? query.get('page[size]') ?? DEFAULT_AVAILABLE) || DEFAULT_AVAILABLE
      const rows = (isUs ? numbers.available(filter('national_destination_code'), isTollFree) : [])
        .filter((number) => number.includes(filter('phone_number][contains') ?? ''))
        .filter((number) => number.slice(2).startsWith(filter('phone_number][starts_with') ?? ''))
        .filter((number) => number.endsWith(filter('phone_number][ends_with') ?? ''))
      const data = rows.slice(0, limit).map(availableNumber)
      return { data, meta: { total_results: data.length, best_effort_results: 0 } }
    },
    'POST /v2/number_orders': ({ body }) => {
      const { phone_numbers, ...options } = validateOrder(body, undocumentedValues)
      const wanted = (phone_numbers as { phone_number: string }[]).map(({ phone_number }) => phone_number)
      const order = numbers.order(wanted, {
        connection_id: asText(options.connection_id),
        messaging_profile_id: asText(options.messaging_profile_id),
        customer_reference: asText(options.customer_reference),
      })
      return { data: order }
    },
    'GET /v2/number_orders': ({ query }) => pageOf(numbers.orders, query),
    'GET /v2/number_orders/:id': ({ id }) => {
      const order = numbers.orders.find((order) => order.id === id)
      if (!order) throw refusals.notFound()
      return { data: order }
    },
    'GET /v2/number_lookup/:id': ({ id: phone_number, query }) => {
      if (!new RegExp(PHONE_NUMBER).test(phone_number))
        throw refuse(422, '10016', 'The phone number must be in +E.164 format, such as +15550100.')
      const at = Math.floor(chance.fraction('carrier', phone_number) * CARRIERS.length)
      const [name, type] = CARRIERS[at] ?? CARRIERS[0]
      const isNamed = query.get('type') === 'caller-name'
      const data = {
        record_type: 'number_lookup',
        phone_number,
        country_code: countryOf(phone_number),
        national_format: nationalFormat(phone_number),
        fraud: null,
        carrier: {
          name,
          type,
          normalized_carrier: name,
          mobile_country_code: type === 'mobile' ? '310' : '',
          mobile_network_code: type === 'mobile' ? '000' : '',
          error_code: null,
        },
        caller_name: { caller_name: isNamed ? 'SIMULATED CALLER' : '', error_code: isNamed ? '' : null },
        portability: { line_type: type, ported_status: 'N', ported_date: '', city: '', state: '' },
      }
      return { data }
    },
    'GET /v2/balance': () => ({
      data: {
        record_type: 'balance',
        balance: '100.00',
        available_credit: '100.00',
        credit_limit: '0.00',
        pending: '0.00',
        currency: 'USD',
      },
    }),
  }
}

const availableNumber = (phone_number: string) => ({
  record_type: 'available_phone_number',
  phone_number,
  vanity_format: '',
  best_effort: false,
  quickship: true,
  reservable: true,
  region_information: [{ region_type: 'country_code', region_name: 'US' }],
  cost_information: { upfront_cost: '1.00', monthly_cost: '1.00', currency: 'USD' },
  features: ['sms', 'mms', 'voice'].map((name) => ({ name })),
})

function nationalFormat(number: string): string {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number)
  return american ? `(${american[1]}) ${american[2]}-${american[3]}` : number.slice(countryOf(number) === 'US' ? 2 : 3)
}
