/** Example scenarios for trying a voice flow, also available as `--scenario <name>` and as files to copy. */
import aiBookingWithCorrection from '../../scenarios/ai-booking-with-correction.json' with { type: 'json' }
import angryInterrupter from '../../scenarios/angry-interrupter.json' with { type: 'json' }
import cardNumber from '../../scenarios/card-number.json' with { type: 'json' }
import hangUpMidGather from '../../scenarios/hang-up-mid-gather.json' with { type: 'json' }
import menuWrongKey from '../../scenarios/menu-wrong-key.json' with { type: 'json' }
import pinEntry from '../../scenarios/pin-entry.json' with { type: 'json' }
import silenceToTimeout from '../../scenarios/silence-to-timeout.json' with { type: 'json' }
import { readScenario, type Scenario } from './scenario.ts'

/** Example scenarios with valid, invalid, silent, cancelled, corrected and interrupted gathers. */
export const examples: readonly Scenario[] = [
  pinEntry,
  menuWrongKey,
  silenceToTimeout,
  cardNumber,
  aiBookingWithCorrection,
  hangUpMidGather,
  angryInterrupter,
].map(readScenario)
