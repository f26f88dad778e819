/**
 * A local Telnyx simulator: calls, gathers, AI conversations, signed webhooks and simulated callers.
 *
 * @packageDocumentation
 */

export type { AiSettings } from './assistant/settings.ts'
export type { Activity, CallIdentity, CallView, PendingInput, TelnyxError, TranscriptLine } from './call/activity.ts'
export type { Clock, VirtualClock, VirtualClockOptions } from './clock/clock.ts'
export { virtualClock } from './clock/clock.ts'
export type { Attempt, Delivery, WebhookEvent, WebhookMethod } from './delivery/delivery.ts'
export type { FaultControls, FaultName, FaultRule, FaultsInput } from './delivery/faults.ts'
export type { WebhookHandler } from './delivery/target.ts'
export type { GatherSettings } from './gather/settings.ts'
export type { LegSettings } from './leg/settings.ts'
export type { Message, MessageStatus } from './message/message.ts'
export type { Caller, HeardPrompt, PressOptions, PromptOptions, WaitOptions } from './scenario/caller.ts'
export { examples as exampleScenarios } from './scenario/examples.ts'
export type { DialOptions, Phone, TextOptions } from './scenario/phone.ts'
export {
  readScenario,
  runScenario,
  runSteps,
  type Scenario,
  ScenarioError,
  type ScenarioStep,
} from './scenario/scenario.ts'
export type {
  ApiSettings,
  AudioSettings,
  DeliverySettings,
  MessagingSettings,
  Settings,
  SettingsInput,
} from './settings/settings.ts'
export { defaultSettings } from './settings/settings.ts'
export { createSimulator, type Simulator, type SimulatorOptions } from './simulator/simulator.ts'
