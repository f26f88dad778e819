/**
 * A table booked by voice on the Telnyx Voice API: an AI gather collects the booking, then an AI assistant answers
 * whatever else the caller wants to know.
 *
 * It knows nothing of any simulator. Telnyx's SDK reads its keys and its address from the environment:
 * TELNYX_API_KEY, TELNYX_PUBLIC_KEY and, for anything but the real platform, TELNYX_BASE_URL.
 */
import express from 'express'
import Telnyx from 'telnyx'

const client = new Telnyx()
const app = express()
const { PORT = '3000', ASSISTANT_ID = 'assistant-b0a1c2d3' } = process.env

const voice = 'Telnyx.KokoroTTS.af'

const booking = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'The name of the caller.' },
    guests: { type: 'integer', minimum: 1, maximum: 12, description: 'The number of guests.' },
    day: {
      type: 'string',
      enum: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
      description: 'The day of the week.',
    },
  },
  required: ['name', 'guests', 'day'],
}

/** Telnyx delivers at least once: what was seen is not done again. */
const seen = new Set()
/** What is known of each call's gather: how it ended, and whether its conversation is over. */
const gathers = new Map()

async function handle({ id, event_type, payload }) {
  if (seen.has(id)) return
  seen.add(id)
  const call = payload.call_control_id
  const { actions } = client.calls
  switch (event_type) {
    case 'call.initiated':
      if (payload.direction === 'incoming') await actions.answer(call, {})
      return
    case 'call.answered': {
      const gather = { ended: null, over: false }
      gathers.set(call, gather)
      await actions.gatherUsingAI(call, {
        parameters: booking,
        greeting: 'Hello, this is Luigi. Who is calling, and when would you like to come?',
        assistant: { instructions: 'You book tables for an Italian restaurant. Be brief.' },
        voice,
        send_partial_results: true,
        user_response_timeout_ms: 8000,
      })
      return
    }
    case 'call.ai_gather.partial_results':
      console.log('so far', JSON.stringify(payload.partial_results))
      return
    case 'call.ai_gather.ended': {
      const gather = gathers.get(call)
      if (!gather) return
      gather.ended = payload
      await goOn(call, gather)
      return
    }
    case 'call.conversation.ended': {
      const gather = gathers.get(call)
      if (gather) {
        gather.over = true
        await goOn(call, gather)
      } else await actions.hangup(call, {})
      return
    }
    case 'call.dtmf.received':
      if (payload.digit === '0') await actions.stopAIAssistant(call, {})
      return
    default:
      return
  }
}

/** The two events that end a gather come in no certain order: the next step waits for both. */
async function goOn(call, { ended, over }) {
  if (!ended || !over) return
  gathers.delete(call)
  const { actions } = client.calls
  if (ended.status !== 'valid') {
    await actions.hangup(call, {})
    return
  }
  console.log('booked', JSON.stringify(ended.result))
  const { name, guests, day } = ended.result
  await actions.startAIAssistant(call, {
    assistant: { id: ASSISTANT_ID },
    greeting: `Thank you, ${name}. A table for ${guests} on ${day}. Is there anything else?`,
  })
  await actions.addAIAssistantMessages(call, {
    messages: [{ role: 'system', content: `The caller has booked a table for ${guests} on ${day}.` }],
  })
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
