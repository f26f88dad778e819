/** Whole conversations as they happen, to the letter: what a caller says, what the AI answers, what comes of it. */
import { describe, expect, it } from 'vitest'
import { Caller } from '../caller.test-kit.ts'
import { aiGather } from './machine.ts'

const object = (properties: Record<string, unknown>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

const clinic = {
  greeting: 'Northside Clinic, I can book you in.',
  parameters: object({
    full_name: { type: 'string', description: 'Full name of the patient' },
    date_of_birth: { type: 'string', format: 'date', description: "The patient's date of birth" },
    appointment_time: { type: 'string', format: 'date-time', description: 'When the appointment should be' },
    reason: { type: 'string', description: 'Reason for the visit' },
    first_visit: { type: 'boolean', description: 'Whether this is the first visit' },
  }),
}

/** Holds the conversation: even turns are the AI's, odd ones the caller's. */
function hold(params: Record<string, unknown>, turns: readonly string[]): unknown {
  const caller = new Caller(aiGather, params).listen()
  const told: string[] = [caller.heard.join(' ')]
  for (const [index, text] of turns.entries()) {
    if (index % 2 === 0) continue
    told.push(text)
    const before = caller.heard.length
    caller.say(text).listen()
    if (caller.heard.length > before) told.push(caller.heard.slice(before).join(' '))
  }
  expect(told).toEqual(turns)
  expect(caller.payload('call.ai_gather.ended').status).toBe('valid')
  return caller.payload('call.ai_gather.ended').result
}

describe('conversations', () => {
  it('a booking with a correction', () => {
    expect(
      hold(clinic, [
        'Northside Clinic, I can book you in. What is your full name?',
        'Hi, this is Sarah Connor, born February 3rd 1985',
        'Got it: date of birth 3 February 1985, full name Sarah Connor. When should the appointment be?',
        'Could I come on Friday at half past two?',
        'Got it, 27 November 2026 at 2:30 pm. What is the reason for the visit?',
        'no wait, make that Monday',
        'Sorry, I have changed that: appointment time 23 November 2026 at 2:30 pm. What is the reason for the visit?',
        'my knee hurts when I run',
        'Got it, my knee hurts when I run. Is this the first visit?',
        'yes it is',
      ]),
    ).toEqual({
      full_name: 'Sarah Connor',
      date_of_birth: '1985-02-03',
      appointment_time: '2026-11-23T14:30:00Z',
      reason: 'my knee hurts when I run',
      first_visit: true,
    })
  })

  it('an angry caller', () => {
    expect(
      hold(clinic, [
        'Northside Clinic, I can book you in. What is your full name?',
        'This is ridiculous, I have been waiting for an hour',
        'I am very sorry about that. What is your full name?',
        'Peter Miller',
        'Thank you, Peter Miller. What is your date of birth?',
        'June 5 1970',
        'Thanks, 5 June 1970. When should the appointment be?',
        'as soon as possible',
        'Sorry, I did not catch that. Please say a day and a time. When should the appointment be?',
        'Wednesday 11 am',
        'Thanks, 25 November 2026 at 11 am. What is the reason for the visit?',
        "It's my back",
        'Got it, my back. Is this the first visit?',
        'nope',
      ]),
    ).toMatchObject({ full_name: 'Peter Miller', reason: 'my back', first_visit: false })
  })

  it('an order with everything in one sentence, and one thing more', () => {
    const parameters = object({
      size: { enum: ['small', 'medium', 'large'] },
      toppings: { type: 'array', items: { enum: ['ham', 'cheese', 'mushrooms', 'olives'] } },
      quantity: { type: 'integer' },
      address: { type: 'string', title: 'Delivery address' },
    })
    expect(
      hold({ parameters, greeting: "Tony's Pizza!" }, [
        "Tony's Pizza! What is your size? You can say small, medium or large.",
        "I'd like two large pizzas with ham and mushroom please",
        'Got it: size large, toppings ham and mushrooms, quantity 2. What is your delivery address?',
        'and also olives',
        'Got it, olives. What is your delivery address?',
        '12 Oak Street',
      ]),
    ).toEqual({ size: 'large', toppings: ['ham', 'mushrooms', 'olives'], quantity: 2, address: '12 Oak Street' })
  })

  it('a journey in one sentence', () => {
    const parameters = object({
      origin: { type: 'string', title: 'Departure city' },
      destination: { type: 'string' },
      departure: { type: 'string', format: 'date' },
      passengers: { type: 'integer' },
    })
    expect(
      hold({ parameters, greeting: 'Where would you like to go?' }, [
        'Where would you like to go?',
        'I want to fly from Paris to Rome on the 5th of June with 3 people',
      ]),
    ).toEqual({
      origin: 'Paris',
      destination: 'Rome',
      departure: '2027-06-05',
      passengers: 3,
    })
  })

  it('contact details, spoken', () => {
    const parameters = object({
      name: { type: 'string' },
      email: { type: 'string', format: 'email' },
      phone: { type: 'string', title: 'Phone number' },
      currency: { enum: ['EUR', 'USD'] },
    })
    expect(
      hold({ parameters, greeting: 'Support, who is calling?' }, [
        'Support, who is calling?',
        "I'm Kim, my email is kim at example dot org and my phone number is 555 010 2233",
        'Got it: email kim@example.org, phone number 5550102233, name Kim. What is your currency? You can say EUR or USD.',
        'euros',
      ]),
    ).toEqual({ name: 'Kim', email: 'kim@example.org', phone: '5550102233', currency: 'EUR' })
  })
})
