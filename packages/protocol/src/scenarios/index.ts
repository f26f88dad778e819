export {
  aiBooking,
  assistantWhisper,
  bookingParameters,
  hangupMidGather,
  hiddenPin,
  menuWithWrongKey,
  pinEntry,
  refusedCommand,
  scenarios,
  silence,
  twoGathers,
  unknownOutcome,
} from './library.ts'
export {
  SCENARIO_START,
  type Scenario,
  type ScenarioStep,
  ScenarioWriter,
  type StepInput,
  scenarioTime,
} from './scenario.ts'
