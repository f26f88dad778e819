import { type Scenario, ScenarioWriter } from '@callgather/react/testing'

const account = { command_id: 'account', payload: {} }
const pin = { command_id: 'pin', payload: {} }

/** A call from the first ring to the end: an account number, a masked PIN, and an appointment that an AI books. */
export const sampleCall: Scenario = new ScenarioWriter('A call from start to end')
  .answered({ callerName: 'Ada Lovelace' })
  .command(
    'account',
    'gather_using_speak',
    {
      payload: 'Please enter your account number, followed by the pound key.',
      voice: 'female',
      minimum_digits: 6,
      maximum_digits: 12,
      terminating_digit: '#',
    },
    { label: 'Account number' },
  )
  .event('call.speak.started', account)
  .wait(2200)
  .event('call.speak.ended', account)
  .press('40718832#', { gather: 'account' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '40718832' } })
  .wait(1500)
  .command(
    'pin',
    'gather_using_speak',
    { payload: 'Please enter your four digit PIN.', voice: 'female', minimum_digits: 4, maximum_digits: 4 },
    { mask: 'digits', label: 'PIN' },
  )
  .event('call.speak.started', pin)
  .wait(1600)
  .event('call.speak.ended', pin)
  .press('••••', { gather: 'pin' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .wait(1500)
  .command(
    'booking',
    'gather_using_ai',
    {
      greeting: 'Which day suits you for the visit?',
      parameters: {
        type: 'object',
        properties: {
          day: { type: 'string', title: 'Preferred day', enum: ['Monday', 'Tuesday', 'Thursday'] },
          reminder: { type: 'boolean', title: 'Wants a reminder' },
        },
        required: ['day', 'reminder'],
      },
    },
    { label: 'Appointment' },
  )
  .event('call.conversation.created', { command_id: 'booking', payload: { conversation_id: 'c-1' } })
  .say('booking', 'assistant', 'Which day suits you for the visit?')
  .wait(2600)
  .say('booking', 'user', 'Tuesday, if you have time.')
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: { partial_results: { day: 'Tuesday' } },
  })
  .wait(1400)
  .command('whisper', 'ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Offer Thursday first.' }] })
  .say('booking', 'system', 'Offer Thursday first.')
  .wait(900)
  .say('booking', 'assistant', 'We also have Thursday at ten. Shall I remind you the day before?')
  .wait(2800)
  .say('booking', 'user', 'Thursday is better. Yes, please.')
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: { partial_results: { day: 'Thursday', reminder: true } },
  })
  .wait(1200)
  .event('call.ai_gather.ended', {
    command_id: 'booking',
    payload: { status: 'valid', result: { day: 'Thursday', reminder: true } },
  })
  .event('call.conversation.ended', { command_id: 'booking', payload: { conversation_id: 'c-1', reason: null } })
  .wait(2500)
  .hangup()
  .end()

/** The caller has entered the account number and two keys of the PIN. */
export const HALF_PIN_MS = 13_200
