/** Tools for tests and stories: the real client on a scripted server, event factories and HTTP handlers. */
export * from '@callgather/protocol/scenarios'
export type { CommandAnswer, ReceivedCommand, Respond } from './command-responder.ts'
export { createEventFactory, type EventFactory, type EventInit } from './event-factory.ts'
export type { Player, PlayerState } from './player.ts'
export {
  createScenarioClient,
  type ScenarioClient,
  type ScenarioClientOptions,
  type ScenarioFaults,
} from './scenario-client.ts'
export { type LoadedScenario, loadScenario, type ScenarioParameters, withScenario } from './storybook.tsx'
