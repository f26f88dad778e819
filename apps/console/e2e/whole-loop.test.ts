import { expect, it } from 'vitest'
import { Agent, Caller } from './people.ts'
import { setStage } from './stage.ts'

it('runs a call from ringing to hang-up, with digits, fields, assistant and menu, in a real browser', async () => {
  await using stage = await setStage()
  const caller = new Caller(await stage.openPhone())
  const agent = new Agent(await stage.openConsole())

  // The console rings; the agent answers.
  await caller.dial()
  await agent.answers()

  // A spoken request for a four-digit PIN: each key appears when it is pressed.
  await agent.panel.getByRole('button', { name: 'PIN', exact: true }).click({ modifiers: ['Shift'] })
  await agent.panel.getByRole('checkbox', { name: /Hide the digits/ }).uncheck()
  await agent.asks()
  await caller.hears(/PIN/)
  await caller.press('5')
  await agent.sees('5', 4)
  await caller.press('5')
  await agent.sees('55', 4)
  await caller.press('03')
  await agent.sees('5503', 4)
  await agent.seesChip('Valid')

  // Three typed fields by conversation: the fields and the transcript fill as the caller answers.
  await agent.writesOwn()
  await agent.chooses('Fields, by conversation')
  await agent.buildsFields([
    { name: 'Full name', type: 'Text' },
    { name: 'Date of birth', type: 'Date' },
    { name: 'Party size', type: 'Whole number' },
  ])
  await agent.asks()
  await caller.hears(/full name/i)
  await caller.say('Ada Lovelace')
  await agent.hears('Ada Lovelace')
  await agent.seesField('Full name', 'Ada Lovelace', 'heard')
  await caller.hears(/date of birth/i)
  await caller.say('10 December 1990')
  await agent.seesField('Date of birth', /1990/, 'heard')
  await caller.hears(/party size/i)
  await caller.say('four')
  await agent.seesField('Party size', '4', 'confirmed')
  await agent.seesField('Full name', 'Ada Lovelace', 'confirmed')

  // An assistant: it follows the agent's whisper, and the call stays up after the agent stops it.
  await agent.panel.getByRole('button', { name: 'Start assistant' }).click()
  await agent.panel.getByRole('textbox', { name: /Tell the assistant/ }).fill('Offer Thursday first.')
  await agent.panel.getByRole('button', { name: 'Whisper' }).click()
  await agent.panel.getByRole('list', { name: 'Messages to the assistant' }).getByText('accepted').waitFor()
  await caller.say('I need to move my appointment')
  await caller.hears(/Thursday/)
  await agent.panel.getByRole('button', { name: 'Stop assistant' }).click()
  await agent.confirms('Stop')
  await agent.hears('Assistant left')

  // A menu by audio file: the agent sees the playback and stops it.
  await agent.writesOwn()
  await agent.chooses('Digits, audio prompt')
  await agent.panel
    .getByRole('textbox', { name: 'Address of the audio file' })
    .fill('https://media.example.com/menu.mp3')
  await agent.asks()
  await agent.seesChip('Prompt playing')
  await agent.panel.getByRole('button', { name: 'Stop request' }).click()
  await agent.seesChip('Cancelled')

  // The caller hangs up, and the console shows the ended call.
  await caller.hangUp()
  await agent.panel.getByText('Ended', { exact: true }).first().waitFor()
  await agent.hears('Caller hung up')
  await expect.poll(() => agent.panel.getByRole('button', { name: 'Ask the caller', exact: true }).count()).toBe(0)
})
