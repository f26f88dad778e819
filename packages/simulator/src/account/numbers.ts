/**
 * The phone numbers of the simulated account. The account owns every number that a program names, because the simulator
 * accepts calls and messages of every number.
 */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'

/** A phone number of the account, in the shape of Telnyx's API. */
export interface AccountNumber extends Record<string, unknown> {
  id: string
  phone_number: string
}

export interface NumberOrder extends Record<string, unknown> {
  id: string
  status: 'success'
}

interface NumberOptions {
  connection_id?: string | undefined
  messaging_profile_id?: string | undefined
  customer_reference?: string | undefined
}

const PHONE_NUMBER = /^\+[1-9]\d{1,14}$/
/** The number of the program, unless it names others. */
const DEFAULT_NUMBER = '+15550199'
const AREA_CODES = ['212', '312', '415', '646', '702', '808']
const TOLL_FREE_CODES = ['800', '833', '844', '855', '866', '877', '888']
/** `555-0100` to `555-0199` are reserved for fiction. */
const NUMBERS_PER_AREA = 100

export class Numbers {
  private readonly clock: Clock
  private readonly chance: Chance
  private readonly byNumber = new Map<string, AccountNumber>()
  readonly orders: NumberOrder[] = []

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock
    this.chance = chance
  }

  /** Returns the numbers that the program has ordered, changed or looked up. */
  list(): AccountNumber[] {
    if (this.byNumber.size === 0) this.add(DEFAULT_NUMBER)
    return [...this.byNumber.values()]
  }

  /** Finds a number by its id or in E.164 format. Every number in E.164 format belongs to the account. */
  find(idOrNumber: string): AccountNumber | undefined {
    const known = this.byNumber.get(idOrNumber) ?? [...this.byNumber.values()].find(({ id }) => id === idOrNumber)
    return known ?? (PHONE_NUMBER.test(idOrNumber) ? this.add(idOrNumber) : undefined)
  }

  update(number: AccountNumber, fields: Record<string, unknown>): AccountNumber {
    const updated = { ...number, ...fields, updated_at: this.time() }
    this.byNumber.set(number.phone_number, updated)
    return updated
  }

  /** Orders numbers. The order succeeds at once. */
  order(phoneNumbers: readonly string[], options: NumberOptions): NumberOrder {
    const id = this.chance.uuid('number order', this.orders.length + 1)
    const owned = phoneNumbers.map((phoneNumber) => this.add(phoneNumber, options))
    const order: NumberOrder = {
      id,
      record_type: 'number_order',
      status: 'success',
      requirements_met: true,
      phone_numbers_count: owned.length,
      phone_numbers: owned.map(({ id, phone_number, phone_number_type, country_iso_alpha2 }) => ({
        id,
        record_type: 'number_order_phone_number',
        phone_number,
        phone_number_type,
        country_code: country_iso_alpha2,
        country_iso_alpha2,
        status: 'success',
        requirements_met: true,
        requirements_status: 'approved',
        regulatory_requirements: [],
      })),
      connection_id: options.connection_id ?? null,
      messaging_profile_id: options.messaging_profile_id ?? null,
      customer_reference: options.customer_reference ?? null,
      sub_number_orders_ids: [this.chance.uuid(id, 'sub order')],
      created_at: this.time(),
      updated_at: this.time(),
    }
    this.orders.push(order)
    return order
  }

  /** Returns US numbers that the account lacks: of one area code, or of all that the simulator has. The seed sets their order. */
  available(areaCode: string | null, isTollFree: boolean): string[] {
    const areas = areaCode === null ? (isTollFree ? TOLL_FREE_CODES : AREA_CODES) : [areaCode]
    const weight = (number: string) => this.chance.fraction('available', number)
    return areas
      .flatMap((area) =>
        Array.from({ length: NUMBERS_PER_AREA }, (_, index) => `+1${area}55501${String(index).padStart(2, '0')}`),
      )
      .filter((number) => !this.byNumber.has(number))
      .sort((one, other) => weight(one) - weight(other))
  }

  private add(phone_number: string, options: NumberOptions = {}): AccountNumber {
    const time = this.time()
    const isTollFree = TOLL_FREE_CODES.some((code) => phone_number.startsWith(`+1${code}`))
    const number: AccountNumber = {
      id: `1${String(this.chance.bytes('number', phone_number).readBigUInt64BE() % 10n ** 18n).padStart(18, '0')}`,
      record_type: 'phone_number',
      phone_number,
      phone_number_type: isTollFree ? 'toll_free' : 'local',
      country_iso_alpha2: countryOf(phone_number),
      status: 'active',
      tags: [],
      connection_id: options.connection_id ?? null,
      connection_name: null,
      messaging_profile_id: options.messaging_profile_id ?? null,
      messaging_profile_name: null,
      customer_reference: options.customer_reference ?? null,
      billing_group_id: null,
      external_pin: null,
      emergency_enabled: false,
      emergency_status: 'disabled',
      emergency_address_id: null,
      call_forwarding_enabled: false,
      call_recording_enabled: false,
      caller_id_name_enabled: false,
      cnam_listing_enabled: false,
      hd_voice_enabled: false,
      t38_fax_gateway_enabled: false,
      inbound_call_screening: 'disabled',
      deletion_lock_enabled: false,
      source_type: 'number_order',
      purchased_at: time,
      activated_at: time,
      created_at: time,
      updated_at: time,
    }
    this.byNumber.set(phone_number, number)
    return number
  }

  private time(): string {
    return new Date(this.clock.now()).toISOString()
  }
}

const countries: Readonly<Record<string, string>> = {
  '1': 'US',
  '31': 'NL',
  '33': 'FR',
  '34': 'ES',
  '39': 'IT',
  '44': 'GB',
  '49': 'DE',
  '52': 'MX',
  '55': 'BR',
  '61': 'AU',
  '81': 'JP',
  '86': 'CN',
  '91': 'IN',
}

/** Returns the ISO 3166 code of a number's country. Countries with other calling codes are not known: `US`. */
export const countryOf = (number: string): string => countries[number[1] ?? ''] ?? countries[number.slice(1, 3)] ?? 'US'
