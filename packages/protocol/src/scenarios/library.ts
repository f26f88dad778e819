/** The scenarios that tests and stories share. Each covers a situation that a console must handle. */
import { type Scenario, ScenarioWriter } from './scenario.ts'

const pinPrompt = 'Please enter your four digit PIN, followed by the pound key.'
const pinBody = { payload: pinPrompt, voice: 'female', minimum_digits: 4, maximum_digits: 4, maximum_tries: 3 }

const speakStarted = { command_id: 'pin', payload: {} }
const speakEnded = { command_id: 'pin', payload: { status: 'completed' } }

/** A spoken prompt asks for a PIN, and the caller enters a valid one. */
export const pinEntry: Scenario = new ScenarioWriter('PIN entry')
  .answered({ callerName: 'Sample Caller' })
  .command('pin', 'gather_using_speak', { ...pinBody, maximum_digits: 6, terminating_digit: '#' })
  .event('call.speak.started', speakStarted)
  .wait(3200)
  .event('call.speak.ended', speakEnded)
  .wait(900)
  .press('5503#', { gather: 'pin' })
  .wait(30)
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: '5503' } })
  .end()

/** PIN entry with masked digits: the browser never receives the digits. */
export const hiddenPin: Scenario = new ScenarioWriter('Hidden PIN')
  .answered()
  .command('pin', 'gather_using_speak', { ...pinBody, minimum_digits: 4, maximum_digits: 6 }, { mask: 'digits' })
  .event('call.speak.started', speakStarted)
  .wait(3000)
  .event('call.speak.ended', speakEnded)
  .press('••••••', { gather: 'pin' })
  .wait(30)
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 6 } })
  .end()

/** A menu with an audio prompt. A key press interrupts the prompt; the first key is invalid, the second is valid. */
export const menuWithWrongKey: Scenario = new ScenarioWriter('Menu with a wrong key')
  .answered()
  .command('menu', 'gather_using_audio', {
    audio_url: 'https://media.example.com/menu.mp3',
    invalid_audio_url: 'https://media.example.com/wrong.mp3',
    maximum_digits: 1,
    valid_digits: '123',
    maximum_tries: 2,
  })
  .event('call.playback.started', { command_id: 'menu', payload: { media_url: 'https://media.example.com/menu.mp3' } })
  .press('9', { gather: 'menu', intervalMs: 1800 })
  .wait(20)
  .event('call.playback.ended', {
    command_id: 'menu',
    payload: { media_url: 'https://media.example.com/menu.mp3', status: 'cancelled' },
  })
  .wait(60)
  .event('call.playback.started', { command_id: 'menu', payload: { media_url: 'https://media.example.com/wrong.mp3' } })
  .wait(1500)
  .event('call.playback.ended', {
    command_id: 'menu',
    payload: { media_url: 'https://media.example.com/wrong.mp3', status: 'completed' },
  })
  .wait(20)
  .event('call.playback.started', { command_id: 'menu', payload: { media_url: 'https://media.example.com/menu.mp3' } })
  .wait(4000)
  .event('call.playback.ended', {
    command_id: 'menu',
    payload: { media_url: 'https://media.example.com/menu.mp3', status: 'completed' },
  })
  .press('2', { gather: 'menu', intervalMs: 700 })
  .wait(20)
  .event('call.gather.ended', { command_id: 'menu', payload: { status: 'valid', digits: '2' } })
  .end()

/** The caller presses no key until the timeout. */
export const silence: Scenario = new ScenarioWriter('Silence to timeout')
  .answered()
  .command('quiet', 'gather', { initial_timeout_millis: 5000, maximum_digits: 4 })
  .wait(5000)
  .event('call.gather.ended', { command_id: 'quiet', payload: { status: 'timeout', digits: '' } })
  .end()

/** The JSON Schema of the booking that the scenario `aiBooking` collects. */
export const bookingParameters = {
  type: 'object',
  properties: {
    patient_name: { type: 'string', title: 'Patient name' },
    date_of_birth: { type: 'string', format: 'date', title: 'Date of birth' },
    preferred_day: { type: 'string', title: 'Preferred day', enum: ['Monday', 'Tuesday', 'Thursday'] },
  },
  required: ['patient_name', 'date_of_birth', 'preferred_day'],
}

/** An AI gather collects three typed fields, and the caller corrects one of them. */
export const aiBooking: Scenario = new ScenarioWriter('AI booking')
  .answered({ callerName: 'Sample Caller' })
  .command('booking', 'gather_using_ai', {
    parameters: bookingParameters,
    greeting: 'Thanks for calling Northside Clinic. I can book that for you.',
  })
  .event('call.conversation.created', { command_id: 'booking', payload: { conversation_id: 'c-1' } })
  .wait(400)
  .say('booking', 'assistant', 'Thanks for calling Northside Clinic. I can book that for you. What is your name?')
  .wait(3600)
  .say('booking', 'user', 'It is Sample Caller.')
  .wait(60)
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: { partial_results: { patient_name: 'Sample Caller' } },
  })
  .wait(900)
  .say('booking', 'assistant', 'Thank you. What is your date of birth?')
  .wait(3100)
  .say('booking', 'user', 'The fourteenth of May 1991. And Tuesday would suit me.')
  .wait(60)
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: {
      partial_results: { patient_name: 'Sample Caller', date_of_birth: '1991-05-14', preferred_day: 'Tuesday' },
    },
  })
  .wait(900)
  .say('booking', 'assistant', 'Tuesday it is. Is that right?')
  .wait(2100)
  .say('booking', 'user', 'No, sorry, Thursday.')
  .wait(80)
  .event('call.ai_gather.ended', {
    command_id: 'booking',
    payload: {
      status: 'valid',
      result: { patient_name: 'Sample Caller', date_of_birth: '1991-05-14', preferred_day: 'Thursday' },
    },
  })
  .wait(40)
  .event('call.conversation.ended', {
    command_id: 'booking',
    payload: { conversation_id: 'c-1', reason: null, duration_sec: 12 },
  })
  .end()

/** The agent whispers to an assistant, the assistant answers, and the agent stops it. The call continues. */
export const assistantWhisper: Scenario = new ScenarioWriter('Assistant with a whisper')
  .answered()
  .command('assistant', 'ai_assistant_start', { assistant: { id: 'assistant-clinic' } })
  .event('call.conversation.created', { command_id: 'assistant', payload: { conversation_id: 'c-2' } })
  .wait(700)
  .say('assistant', 'assistant', 'Thanks for calling Northside Clinic. What can I help you with today?')
  .wait(3800)
  .say('assistant', 'user', 'I need to move my appointment, the one on Tuesday.')
  .wait(1200)
  .command('whisper', 'ai_assistant_add_messages', {
    messages: [{ role: 'system', content: 'Offer Thursday first.' }],
  })
  .wait(200)
  .say('assistant', 'system', 'Offer Thursday first.')
  .wait(900)
  .say('assistant', 'assistant', 'Of course. I have Thursday at ten or at three.')
  .wait(3000)
  .say('assistant', 'user', 'Can I talk to a person?')
  .wait(800)
  .command('stop', 'ai_assistant_stop', {})
  .wait(150)
  .event('call.conversation.ended', {
    command_id: 'assistant',
    payload: { conversation_id: 'c-2', reason: null, duration_sec: 11 },
  })
  .end()

/** A second gather starts while the first runs. A late digit of the first gather arrives after that. */
export const twoGathers: Scenario = new ScenarioWriter('Two gathers in a row')
  .answered()
  .command('first', 'gather', { maximum_digits: 4 })
  .press('12', { gather: 'first' })
  .wait(200)
  .command('second', 'gather', { maximum_digits: 2 })
  .event('call.gather.ended', { command_id: 'first', payload: { status: 'cancelled', digits: '12' } })
  .press('78', { gather: 'second' })
  .wait(20)
  .event('call.gather.ended', { command_id: 'second', payload: { status: 'valid', digits: '78' } })
  .press('9', { gather: 'second' })
  .end()

/** The caller hangs up while a gather runs. */
export const hangupMidGather: Scenario = new ScenarioWriter('Hang-up mid-gather')
  .answered()
  .command('account', 'gather', { minimum_digits: 8, maximum_digits: 10 })
  .press('4071', { gather: 'account' })
  .wait(600)
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'call_hangup', digits: '4071' } })
  .hangup()
  .end()

/** Telnyx refuses a command. */
export const refusedCommand: Scenario = new ScenarioWriter('Refused command')
  .answered()
  .event('command.requested', {
    command_id: 'refused',
    payload: { command: 'gather_using_speak', body: pinBody, subject: 'agent-7' },
  })
  .wait(180)
  .event('command.refused', {
    command_id: 'refused',
    payload: { status: 422, code: '90018', title: 'Call has already ended', detail: 'This call is no longer active.' },
  })
  .end()

/** Telnyx does not answer a command, so the command may or may not have run. */
export const unknownOutcome: Scenario = new ScenarioWriter('Unknown outcome')
  .answered()
  .event('command.requested', { command_id: 'lost', payload: { command: 'gather', body: { maximum_digits: 4 } } })
  .wait(45_000)
  .event('command.unknown', { command_id: 'lost', payload: { reason: 'timeout' } })
  .end()

/** All scenarios of this library by name. */
export const scenarios = {
  pinEntry,
  hiddenPin,
  menuWithWrongKey,
  silence,
  aiBooking,
  assistantWhisper,
  twoGathers,
  hangupMidGather,
  refusedCommand,
  unknownOutcome,
} as const
