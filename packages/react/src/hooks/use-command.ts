import { type CommandBodies, type CommandName, GatherError, isCommandName } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useContext, useMemo } from 'react'
import { type CommandOptions, isOutcomeUnknown, newRequestId } from '../client/commands.ts'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { callStore } from '../query/call-store.ts'
import { type CallMemory, Remembered, useCallMemory, useMemorySlice } from './call-memory.ts'
import { useCallId } from './call-scope.tsx'
import { type CommandRun, commandFact, commandRun, type GivenCommand, targetOf } from './command-run.ts'
import { ConfirmAfterContext } from './confirm-after.ts'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/** How the sending of a command ended; what the command leads to comes as events. */
export type CommandSettled = 'accepted' | 'refused' | 'unknown'

/** How a command is given. */
export type RunOptions = Pick<CommandOptions, 'mask' | 'replace'>

/** How a command hook keeps its state. */
export interface CommandHookOptions {
  /**
   * The place on the call under which the state is kept. Hooks with the same slot on the same call share one state, and
   * find it again when they are mounted again. Default: the command's name; for `useAnyCommand`, `any`.
   */
  slot?: string
  /** How long Telnyx may take to confirm an accepted command before it is overdue. Default: the provider's. */
  confirmAfterMs?: number
}

/** A command at a button: where it stands, and what can be done. */
export type Command<Name extends CommandName> = CommandRun & {
  /** Gives the command. Never rejects: how it went is in `status`. */
  readonly run: (body: CommandBodies[Name], options?: RunOptions) => Promise<CommandSettled>
  /**
   * Gives the same command again, to the call it was given for: under the same id when its outcome is unknown, so that
   * it cannot run twice; under a new one when it was refused, since the old one has its answer.
   */
  readonly retry: (options?: RunOptions) => Promise<CommandSettled>
  /** Back to `idle`. Takes nothing back: a command that was sent was sent. */
  readonly reset: () => void
}

/** Any of several commands at one place; where the last one that was given stands. */
export type AnyCommand = CommandRun & {
  readonly run: <Name extends CommandName>(
    name: Name,
    body: CommandBodies[Name],
    options?: RunOptions,
  ) => Promise<CommandSettled>
  readonly retry: (options?: RunOptions) => Promise<CommandSettled>
  readonly reset: () => void
}

/**
 * One command of a call as a state machine for a button: `idle` → `sending` → `accepted` → `confirmed` by the call's own
 * events, or `refused` in Telnyx's words, or `unknown` when no answer came. The state belongs to the call: another
 * `callId` has its own, and a late answer settles the call that the command was given for.
 */
export function useCommand<Name extends CommandName>(name: Name, options?: CommandHookOptions): Command<Name>
export function useCommand<Name extends CommandName>(
  callId: string | undefined,
  name: Name,
  options?: CommandHookOptions,
): Command<Name>
export function useCommand(
  first: string | undefined,
  second?: CommandName | CommandHookOptions,
  third?: CommandHookOptions,
): Command<CommandName> {
  const isScoped = typeof second !== 'string'
  const name = isScoped ? first : second
  if (name === undefined || !isCommandName(name))
    throw new Error('CallGather: `useCommand` was not given the name of a command.')
  const command = useAnyCommand(isScoped ? undefined : first, { slot: name, ...(isScoped ? second : third) })
  const { run: runAny } = command
  const run = useCallback(
    (body: CommandBodies[CommandName], options?: RunOptions) => runAny(name, body, options),
    [runAny, name],
  )
  return useMemo(() => ({ ...command, run }), [command, run])
}

/** As `useCommand`, for a place that gives one of several commands. */
export function useAnyCommand(
  callId?: string,
  { slot = 'any', confirmAfterMs: ownConfirmAfterMs }: CommandHookOptions = {},
): AnyCommand {
  const id = useCallId(callId)
  const client = useGatherClient()
  const cache = useQueryClient()
  const memory = useCallMemory(id)
  const providedConfirmAfterMs = useContext(ConfirmAfterContext)
  const confirmAfterMs = ownConfirmAfterMs ?? providedConfirmAfterMs
  const read = useCallback(() => readSlot(memory, slot), [memory, slot])
  const given = useMemorySlice(memory, read, null)
  // Before anything was given there is nothing to look for, and a console has many buttons.
  const factSlice = useMemo(() => (given ? ({ state }: CallFeed) => commandFact(given, state) : noFact), [given])
  const fact = useCall(id, factSlice)

  const actions = useMemo(() => {
    const place: Place = {
      client,
      callId: id,
      memory,
      slot,
      confirmAfterMs,
      state: () => callStore(cache, client, id).getSnapshot().state,
    }
    return {
      run: <Name extends CommandName>(name: Name, body: CommandBodies[Name], options: RunOptions = {}) => {
        const requestId = newRequestId()
        const state = place.state()
        const targetId = state ? targetOf(name, state) : null
        const commandId = body.command_id ?? requestId
        return send(place, { name, body, ...options, requestId, commandId, targetId, answer: 'none' })
      },
      retry: async (options: RunOptions = {}): Promise<CommandSettled> => {
        const command = read()
        if (!command) return 'unknown'
        if (typeof command.answer !== 'object') return send(place, command)
        const requestId = newRequestId()
        return send(place, { ...command, ...options, requestId, commandId: requestId })
      },
      reset: () => changeSlot(memory, slot, () => null),
    }
  }, [client, cache, id, memory, slot, confirmAfterMs, read])

  return useMemo(() => ({ ...commandRun(given, fact), ...actions }), [given, fact, actions])
}

const noFact = () => null

/** The commands that were given on a call, by slot. */
const givenCommands = new Remembered<ReadonlyMap<string, GivenCommand>>(new Map())

const readSlot = (memory: CallMemory, slot: string) => givenCommands.read(memory).get(slot) ?? null

type Change = (command: GivenCommand | null) => GivenCommand | null

function changeSlot(memory: CallMemory, slot: string, change: Change): void {
  givenCommands.change(memory, (commands) => {
    const before = commands.get(slot) ?? null
    const command = change(before)
    if (command === before) return commands
    const next = new Map(commands)
    if (command) next.set(slot, command)
    else next.delete(slot)
    return next
  })
}

/** Where a command is given, and where its state is kept. Nothing of it depends on what is shown later. */
interface Place {
  readonly client: GatherClient
  readonly callId: string
  readonly memory: CallMemory
  readonly slot: string
  readonly confirmAfterMs: number
  readonly state: () => CallFeed['state'] | null
}

async function send(place: Place, command: GivenCommand): Promise<CommandSettled> {
  const { client, callId, memory, slot } = place
  const change = (part: Pick<GivenCommand, 'answer'> | Pick<GivenCommand, 'isLate'>) =>
    changeSlot(memory, slot, (current) => {
      // Another command may have been given there since then.
      if (current?.requestId !== command.requestId) return current
      // Of two attempts under one id, the one that brought an answer counts.
      const isAnswered = current.answer === 'accepted' || typeof current.answer === 'object'
      if ('answer' in part && part.answer === 'unknown' && isAnswered) return current
      return { ...current, ...part }
    })
  const settle = (answer: 'accepted' | 'unknown' | GatherError) => {
    change({ answer })
    cancelDeadline()
    if (typeof answer !== 'object') cancelDeadline = startDeadline()
  }
  const startDeadline = () =>
    client.clock.setTimeout(() => {
      const state = place.state()
      if (!state || commandFact(command, state) !== 'confirmed') change({ isLate: true })
    }, place.confirmAfterMs)
  changeSlot(memory, slot, () => ({ ...command, answer: 'none', isLate: false }))
  // The log may show that it was accepted before, or without, an answer to us.
  let cancelDeadline = startDeadline()
  try {
    const { name, body, requestId, mask, replace } = command
    await client.command(callId, name, body as CommandBodies[CommandName], { requestId, mask, replace })
    settle('accepted')
    return 'accepted'
  } catch (error) {
    const refused = GatherError.isInstance(error) && !isOutcomeUnknown(error)
    settle(refused ? error : 'unknown')
    return refused ? 'refused' : 'unknown'
  }
}
