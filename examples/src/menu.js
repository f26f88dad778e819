/**
 * A telephone menu on the Telnyx Voice API, by keys: sales, the status of an order, or goodbye.
 *
 * It knows nothing of any simulator. Telnyx's SDK reads its keys and its address from the environment:
 * TELNYX_API_KEY, TELNYX_PUBLIC_KEY and, for anything but the real platform, TELNYX_BASE_URL.
 */
import express from 'express'
import Telnyx from 'telnyx'

const client = new Telnyx()
const app = express()
const { PORT = '3000', SALES_NUMBER = '+15550123' } = process.env

/** Where the caller is, carried by Telnyx from one webhook to the next. */
const state = (step) => Buffer.from(JSON.stringify({ step })).toString('base64')
const stepOf = ({ client_state }) =>
  client_state ? JSON.parse(Buffer.from(client_state, 'base64').toString()).step : null

const voice = 'AWS.Polly.Joanna-Neural'

const askForChoice = (call, payload = 'Welcome to Acme. For sales, press 1. For the status of your order, press 2.') =>
  client.calls.actions.gatherUsingSpeak(call, {
    payload,
    invalid_payload: 'Sorry, that is not a choice.',
    voice,
    minimum_digits: 1,
    maximum_digits: 1,
    valid_digits: '12',
    maximum_tries: 2,
    timeout_millis: 8000,
    client_state: state('choice'),
  })

const askForOrder = (call) =>
  client.calls.actions.gatherUsingSpeak(call, {
    payload: 'Please enter your six digit order number, followed by the pound key.',
    invalid_payload: 'An order number has six digits.',
    voice,
    minimum_digits: 6,
    maximum_digits: 6,
    inter_digit_timeout_millis: 6000,
    client_state: state('order'),
  })

const say = (call, payload, step) => client.calls.actions.speak(call, { payload, voice, client_state: state(step) })

/** What each event means for the caller who is at a step. */
async function handle({ event_type, payload }) {
  const call = payload.call_control_id
  const step = stepOf(payload)
  switch (event_type) {
    case 'call.initiated':
      if (payload.direction === 'incoming') await client.calls.actions.answer(call, { client_state: state('greeting') })
      return
    case 'call.answered':
      // The leg that we transfer to also sends `call.answered`, without our state.
      if (step === 'greeting') await askForChoice(call)
      return
    case 'call.dtmf.received':
      if (payload.digit === '*') await client.calls.actions.hangup(call, {})
      return
    case 'call.gather.ended':
      if (payload.status === 'call_hangup' || payload.status === 'cancelled') return
      if (payload.status !== 'valid') await say(call, 'We did not get that. Goodbye.', 'goodbye')
      else if (step === 'choice' && payload.digits === '1') await say(call, 'One moment, please.', 'transfer')
      else if (step === 'choice') await askForOrder(call)
      else await say(call, `Order ${[...payload.digits].join(' ')} is on its way. Goodbye.`, 'goodbye')
      return
    case 'call.speak.ended':
      if (payload.status === 'call_hangup') return
      if (step === 'transfer') await client.calls.actions.transfer(call, { to: SALES_NUMBER })
      if (step === 'goodbye') await client.calls.actions.hangup(call, {})
      return
    default:
      return
  }
}

app.post('/webhooks', express.raw({ type: 'application/json' }), async (request, response) => {
  let event
  try {
    event = await client.webhooks.unwrap(request.body.toString(), { headers: request.headers })
  } catch {
    response.sendStatus(401)
    return
  }
  response.sendStatus(200)
  try {
    await handle(event.data)
  } catch (error) {
    // A call that ended meanwhile refuses commands, which is no error here.
    if (error instanceof Telnyx.APIError && error.error?.errors?.[0]?.code === '90018') return
    console.error(error)
  }
})

app.listen(Number(PORT), '127.0.0.1', () => console.log(`Listening on http://127.0.0.1:${PORT}/webhooks`))
