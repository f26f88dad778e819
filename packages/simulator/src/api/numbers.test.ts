/** The numbers of the simulated account, and verifications by text message. */
import { describe, expect, it } from 'vitest'
import { testSimulator } from '../testing/simulator.test-kit.ts'

const PHONE = '+15550100'
const profile = { verify_profile_id: '12ade33a-21c0-473b-b055-b3c836e1c292' }

describe('the numbers of the account', () => {
  it('finds available numbers by area code, orders one, and lists it among the numbers of the account', async () => {
    await using test = await testSimulator({ seed: 'numbers' })
    const { availablePhoneNumbers, numberOrders, phoneNumbers } = test.client
    const search = async () =>
      ((await availablePhoneNumbers.list({ filter: { national_destination_code: '312', limit: 3 } })).data ?? []).map(
        ({ phone_number }) => phone_number,
      )
    const found = await search()
    expect(found).toHaveLength(3)
    for (const number of found) expect(number).toMatch(/^\+131255501\d\d$/)
    const [phone_number = ''] = found
    const { data: order } = await numberOrders.create({ phone_numbers: [{ phone_number }], connection_id: '7' })
    expect(order).toMatchObject({ status: 'success', phone_numbers: [{ phone_number, status: 'success' }] })
    expect((await numberOrders.list()).data.map(({ id }) => id)).toEqual([order?.id])
    const owned = (await phoneNumbers.list()).data
    expect(owned).toMatchObject([{ phone_number, status: 'active', connection_id: '7' }])
    expect(await search()).not.toContain(phone_number)
    await using again = await testSimulator({ seed: 'numbers' })
    const same = await again.client.availablePhoneNumbers.list({
      filter: { national_destination_code: '312', limit: 3 },
    })
    expect(same.data?.map((number) => number.phone_number)).toEqual(found)
  })

  it('filters available numbers by their digits and type', async () => {
    await using test = await testSimulator()
    const list = async (filter: object) =>
      ((await test.client.availablePhoneNumbers.list({ filter })).data ?? []).map(
        ({ phone_number = '' }) => phone_number,
      )
    const ending = await list({ phone_number: { ends_with: '42' }, limit: 100 })
    expect(ending.length).toBeGreaterThan(0)
    expect(ending.every((number) => number.endsWith('42'))).toBe(true)
    expect((await list({ phone_number_type: 'toll_free' })).every((number) => /^\+18/.test(number))).toBe(true)
    expect(await list({ country_code: 'GB' })).toEqual([])
  })

  it('updates a number by its id or in E.164 format, and finds it by number and connection', async () => {
    await using test = await testSimulator()
    const { phoneNumbers } = test.client
    const { data } = await phoneNumbers.update('+15550177', { connection_id: '42' })
    const { data: changed } = await phoneNumbers.update(data?.id ?? '', { customer_reference: 'desk' })
    expect(changed).toMatchObject({ phone_number: '+15550177', connection_id: '42', customer_reference: 'desk' })
    await phoneNumbers.retrieve('+15550178')
    const find = async (filter: object) => (await phoneNumbers.list({ filter })).data.map((each) => each.phone_number)
    expect(await find({ connection_id: '42' })).toEqual(['+15550177'])
    expect(await find({ phone_number: '+15550178' })).toEqual(['+15550178'])
    expect(await find({ status: 'deleted' })).toEqual([])
    await expect(phoneNumbers.retrieve('123')).rejects.toMatchObject({ status: 404 })
  })

  it('looks up the country and the carrier of a number, and its caller name on request', async () => {
    await using test = await testSimulator({ seed: 1 })
    const { data } = await test.client.numberLookup.retrieve('+13125550142', { type: 'caller-name' })
    expect(data).toMatchObject({
      phone_number: '+13125550142',
      country_code: 'US',
      national_format: '(312) 555-0142',
      carrier: { name: expect.stringMatching(/^Simulated /) },
      caller_name: { caller_name: 'SIMULATED CALLER' },
    })
    const { data: british } = await test.client.numberLookup.retrieve('+442079460000')
    expect(british).toMatchObject({ country_code: 'GB', caller_name: { caller_name: '' } })
    await expect(test.client.numberLookup.retrieve('5550100')).rejects.toMatchObject({ status: 422 })
  })

  it('refuses an order without numbers, and one with an invalid number', async () => {
    await using test = await testSimulator()
    const order = (body: object) => test.client.numberOrders.create(body)
    await expect(order({})).rejects.toMatchObject({ status: 422, error: { errors: [{ code: '10004' }] } })
    await expect(order({ phone_numbers: [{ phone_number: '555' }] })).rejects.toMatchObject({
      status: 422,
      error: { errors: [{ code: '10016', source: { pointer: '/phone_numbers/0/phone_number' } }] },
    })
    expect((await test.client.numberOrders.list()).data).toEqual([])
  })
})

describe('verifications', () => {
  it('texts a code to the phone without webhooks, rejects a wrong code and accepts the right code once', async () => {
    await using test = await testSimulator()
    const { verifications } = test.client
    const { data } = await verifications.triggerSMS({ ...profile, phone_number: PHONE })
    expect(data).toMatchObject({ status: 'pending', phone_number: PHONE, type: 'sms' })
    const [message] = test.sim.messages()
    expect(message).toMatchObject({ to: PHONE, status: 'delivered' })
    const code = /\d{5}/.exec(message?.text ?? '')?.[0] ?? ''
    const verify = async (code: string) =>
      (await verifications.byPhoneNumber.actions.verify(PHONE, { ...profile, code })).data.response_code
    expect(await verify(code === '00000' ? '00001' : '00000')).toBe('rejected')
    expect(await verify(code)).toBe('accepted')
    expect(await verify(code)).toBe('rejected')
    expect((await verifications.retrieve(data.id ?? '')).data.status).toBe('accepted')
    await test.clock.advance(5000)
    expect(test.emitted).toEqual([])
  })

  it('rejects the code of an expired verification, and of another phone', async () => {
    await using test = await testSimulator()
    const { verifications } = test.client
    const body = { ...profile, phone_number: PHONE, custom_code: '4711', timeout_secs: 60 }
    const { data } = await verifications.triggerSMS(body)
    const other = verifications.byPhoneNumber.actions.verify('+15550101', { ...profile, code: '4711' })
    await expect(other).rejects.toMatchObject({ status: 404 })
    await test.clock.advance(61_000)
    expect((await verifications.actions.verify(data.id ?? '', { code: '4711' })).data.response_code).toBe('rejected')
    expect((await verifications.retrieve(data.id ?? '')).data.status).toBe('expired')
  })

  it('refuses a verification without a profile', async () => {
    await using test = await testSimulator()
    const starting = test.client.verifications.triggerSMS({ phone_number: PHONE } as never)
    await expect(starting).rejects.toMatchObject({ status: 422, error: { errors: [{ code: '10004' }] } })
    expect(test.sim.messages()).toEqual([])
  })
})
