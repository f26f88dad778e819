/** Ready callers, to try a voice flow with; also as `--scenario <name>`. */
import type { Scenario } from './scenario.ts'

export const examples: readonly Scenario[] = [
  {
    name: 'pin-entry',
    description: 'Listens to the prompt, then enters a four-digit PIN at a human pace.',
    steps: [
      { waitForAnswer: true },
      { waitForPrompt: '', toTheEnd: true },
      { press: '5503#', everyMs: [420, 310, 650, 280] },
      { expect: 'call.gather.ended', payload: { status: 'valid' } },
      { wait: 2000 },
      { hangUp: true },
    ],
  },
  {
    name: 'menu-wrong-key',
    description: 'Presses a key the menu does not have, hears it again, then presses 1 without listening to the end.',
    steps: [
      { waitForAnswer: true },
      { waitForPrompt: '', toTheEnd: true },
      { press: '9' },
      { waitForPrompt: '' },
      { wait: 400 },
      { press: '1' },
      { expect: 'call.gather.ended', payload: { digits: '1' } },
      { wait: 2000 },
      { hangUp: true },
    ],
  },
  {
    name: 'silence-to-timeout',
    description: 'Answers nothing at all until the gather gives up.',
    steps: [
      { waitForAnswer: true },
      { expect: 'call.gather.ended', payload: { status: 'timeout', digits: '' }, timeoutMs: 600_000 },
      { hangUp: true },
    ],
  },
  {
    name: 'card-number',
    description: 'Sixteen digits in groups of four, read off a card, with a pause at each group.',
    steps: [
      { waitForAnswer: true },
      { waitForPrompt: '' },
      {
        press: '4242424242424242#',
        everyMs: [250, 230, 260, 900, 240, 250, 270, 1100, 250, 220, 260, 950, 240, 260, 250, 700],
      },
      { expect: 'call.gather.ended', payload: { status: 'valid', digits: '4242424242424242' } },
      { hangUp: true },
    ],
  },
  {
    name: 'ai-booking-with-correction',
    description: 'Books by voice, several answers in one sentence, and changes the day afterwards.',
    steps: [
      { waitForAnswer: true },
      { waitForPrompt: '', toTheEnd: true },
      { say: 'Hi, this is Maria Lopez, I would like a table for four on Monday at 7 pm' },
      { waitForPrompt: '', toTheEnd: true },
      { say: 'No, Tuesday' },
      { waitFor: 'call.ai_gather.ended', timeoutMs: 120_000 },
      { hangUp: true },
    ],
  },
  {
    name: 'hang-up-mid-gather',
    description: 'Presses two digits and is gone.',
    steps: [
      { waitForAnswer: true },
      { waitForPrompt: '' },
      { press: '55', everyMs: 300 },
      { hangUp: true },
      { expect: 'call.gather.ended', payload: { status: 'call_hangup', digits: '55' } },
    ],
  },
  {
    name: 'angry-interrupter',
    description: 'Talks over the assistant, twice, and slams down the receiver.',
    steps: [
      { waitForAnswer: true },
      { interrupt: 'I do not want to talk to a machine!' },
      { waitForPrompt: '' },
      { interrupt: 'Give me a human being. Now!' },
      { wait: 1500 },
      { hangUp: true },
    ],
  },
]
