/** The text messages of the phone page, by phone number. Pure functions. */
import type { Message } from '../simulator.ts'

/** Limits the list when scripts send thousands of messages. */
const MAX_MESSAGES = 500

/** Whether a phone has received or sent the message. A message on its way, or one that failed, is not in an inbox. */
const hasArrived = ({ direction, status }: Message) => direction === 'inbound' || status === 'delivered'

const arrivalOf = ({ completed_at, received_at }: Message) => completed_at ?? received_at

/** Adds a message to the list once it has arrived. Messages do not change after that. */
export function withMessage(messages: readonly Message[], message: Message): readonly Message[] {
  if (!hasArrived(message) || messages.some(({ id }) => id === message.id)) return messages
  return [...messages, message].slice(-MAX_MESSAGES)
}

/** Merges the stored messages of the simulator with those that the stream has added since the time `since`. */
export function mergeMessages(
  messages: readonly Message[],
  stored: readonly Message[],
  since: string,
): readonly Message[] {
  const streamed = messages.filter((message) => Date.parse(arrivalOf(message)) >= Date.parse(since))
  const arrived = stored.filter(hasArrived).sort((one, other) => arrivalOf(one).localeCompare(arrivalOf(other)))
  return streamed.reduce(withMessage, arrived.slice(-MAX_MESSAGES))
}

/** Returns the number of the phone that received or sent the message. */
const phoneOf = ({ direction, from, to }: Message) => (direction === 'outbound' ? to : from)
/** Returns the number of the program that sent or received the message. */
const programOf = ({ direction, from, to }: Message) => (direction === 'outbound' ? from : to)

/** Returns the messages of the phone with this number, newest last. */
export const inboxOf = (messages: readonly Message[], number: string): Message[] =>
  messages.filter((message) => phoneOf(message) === number)

/** Returns the numbers with an inbox: the phone's own number, then those with messages, newest first. */
export const numbersOf = (messages: readonly Message[], own: string): string[] => [
  ...new Set([own, ...messages.map(phoneOf).reverse()]),
]

/** Returns the numbers that the phone can reply to, newest first. `fallback` is for an empty inbox. */
export const recipientsOf = (inbox: readonly Message[], fallback: string): string[] =>
  inbox.length === 0 ? [fallback] : [...new Set(inbox.map(programOf).reverse())]
