import { type CommandBodies, type CommandName, GatherError, isCommandName } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useContext, useMemo } from 'react'
import { type CommandOptions, isOutcomeUnknown, newRequestId } from '../client/commands.ts'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { callStore } from '../query/call-store.ts'
import { type CallMemory, Remembered, useCallMemory, useMemorySlice } from './call-memory.ts'
import { useCallId } from './call-scope.tsx'
import { type CommandProgress, commandProgress, loggedOutcome, type SentCommand, targetOf } from './command-progress.ts'
import { ConfirmAfterContext } from './confirm-after.ts'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/** How sending a command ended. Its effects on the call arrive as events. */
export type SettledCommandStatus = 'accepted' | 'refused' | 'unknown'

/** How one command is sent. */
export type CommandMutateOptions = Pick<CommandOptions, 'mask' | 'replace'>

/** The options of `useCommand` and `useAnyCommand`. */
export interface UseCommandOptions {
  /**
   * Keeps apart the states of several buttons on one call. Hooks with the same slot on the same call share one state, also
   * after they are unmounted. Default: the command's name; for `useAnyCommand`, `any`.
   */
  slot?: string
  /** How long Telnyx may take to confirm an accepted command before it is overdue. Default: the provider's. */
  confirmAfterMs?: number
}

/** What both command hooks return. */
export interface UseCommandActions {
  /**
   * Sends the last command again, to the call it was sent to. An unknown command keeps its request id, so it cannot run
   * twice; a refused one gets a new id. Resolves like `mutateAsync`; to `unknown` if nothing was sent.
   */
  readonly retry: (options?: CommandMutateOptions) => Promise<SettledCommandStatus>
  /** Returns to `idle`. Does not undo a command that was sent. */
  readonly reset: () => void
}

/** One command of a call: its progress, and functions to send it. */
export type UseCommandResult<Name extends CommandName> = CommandProgress &
  UseCommandActions & {
    /** Sends the command. Read the outcome from `status`. */
    readonly mutate: (body: CommandBodies[Name], options?: CommandMutateOptions) => void
    /** Sends the command. Resolves when sending has settled; never rejects. */
    readonly mutateAsync: (body: CommandBodies[Name], options?: CommandMutateOptions) => Promise<SettledCommandStatus>
  }

/** Any command of a call: the progress of the last one sent, and functions to send one. */
export type UseAnyCommandResult = CommandProgress &
  UseCommandActions & {
    /** Sends a command. Read the outcome from `status`. */
    readonly mutate: <Name extends CommandName>(
      name: Name,
      body: CommandBodies[Name],
      options?: CommandMutateOptions,
    ) => void
    /** Sends a command. Resolves when sending has settled; never rejects. */
    readonly mutateAsync: <Name extends CommandName>(
      name: Name,
      body: CommandBodies[Name],
      options?: CommandMutateOptions,
    ) => Promise<SettledCommandStatus>
  }

/**
 * One command of a call as a state machine for a button: `idle` → `sending` → `accepted` → `confirmed` by the call's own
 * events, or `refused` in Telnyx's words, or `unknown` when no answer came. The state belongs to the call: another
 * `callId` has its own, and a late answer settles the call that the command was given for.
 */
export function useCommand<Name extends CommandName>(name: Name, options?: UseCommandOptions): UseCommandResult<Name>
export function useCommand<Name extends CommandName>(
  callId: string | undefined,
  name: Name,
  options?: UseCommandOptions,
): UseCommandResult<Name>
export function useCommand(
  first: string | undefined,
  second?: CommandName | UseCommandOptions,
  third?: UseCommandOptions,
): UseCommandResult<CommandName> {
  const isScoped = typeof second !== 'string'
  const name = isScoped ? first : second
  if (name === undefined || !isCommandName(name))
    throw new Error('CallGather: `useCommand` needs the name of a command. Pass a name such as `gather_stop`.')
  const command = useAnyCommand(isScoped ? undefined : first, { slot: name, ...(isScoped ? second : third) })
  const { mutate, mutateAsync } = command
  const actions = useMemo(
    () => ({
      mutate: (body: CommandBodies[CommandName], options?: CommandMutateOptions) => mutate(name, body, options),
      mutateAsync: (body: CommandBodies[CommandName], options?: CommandMutateOptions) =>
        mutateAsync(name, body, options),
    }),
    [mutate, mutateAsync, name],
  )
  return useMemo(() => ({ ...command, ...actions }), [command, actions])
}

/** Like `useCommand`, for a place that sends one of several commands. */
export function useAnyCommand(
  callId?: string,
  { slot = 'any', confirmAfterMs: ownConfirmAfterMs }: UseCommandOptions = {},
): UseAnyCommandResult {
  const id = useCallId(callId)
  const client = useGatherClient()
  const cache = useQueryClient()
  const memory = useCallMemory(id)
  const providedConfirmAfterMs = useContext(ConfirmAfterContext)
  const confirmAfterMs = ownConfirmAfterMs ?? providedConfirmAfterMs
  const read = useCallback(() => readSlot(memory, slot), [memory, slot])
  const given = useMemorySlice(memory, read, null)
  // A console has many buttons, so an idle one selects nothing from the call.
  const factSlice = useMemo(() => (given ? ({ state }: CallFeed) => loggedOutcome(given, state) : noFact), [given])
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
    const mutateAsync = async <Name extends CommandName>(
      name: Name,
      body: CommandBodies[Name],
      options: CommandMutateOptions = {},
    ): Promise<SettledCommandStatus> => {
      const requestId = newRequestId()
      const state = place.state()
      const targetId = state ? targetOf(name, state) : null
      const commandId = body.command_id ?? requestId
      return send(place, { name, body, ...options, requestId, commandId, targetId, answer: 'none' })
    }
    return {
      mutate: <Name extends CommandName>(name: Name, body: CommandBodies[Name], options?: CommandMutateOptions) => {
        mutateAsync(name, body, options).catch(() => {})
      },
      mutateAsync,
      retry: async (options: CommandMutateOptions = {}): Promise<SettledCommandStatus> => {
        const command = read()
        if (!command) return 'unknown'
        if (typeof command.answer !== 'object') return send(place, command)
        const requestId = newRequestId()
        return send(place, { ...command, ...options, requestId, commandId: requestId })
      },
      reset: () => changeSlot(memory, slot, () => null),
    }
  }, [client, cache, id, memory, slot, confirmAfterMs, read])

  return useMemo(() => ({ ...commandProgress(given, fact), ...actions }), [given, fact, actions])
}

const noFact = () => null

/** The last command of each slot of a call. */
const givenCommands = new Remembered<ReadonlyMap<string, SentCommand>>(new Map())

const readSlot = (memory: CallMemory, slot: string) => givenCommands.read(memory).get(slot) ?? null

type Change = (command: SentCommand | null) => SentCommand | null

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

/** Where a command is sent and where its state is kept, whichever call is shown later. */
interface Place {
  readonly client: GatherClient
  readonly callId: string
  readonly memory: CallMemory
  readonly slot: string
  readonly confirmAfterMs: number
  readonly state: () => CallFeed['state'] | null
}

async function send(place: Place, command: SentCommand): Promise<SettledCommandStatus> {
  const { client, callId, memory, slot } = place
  const change = (changed: Pick<SentCommand, 'answer'> | Pick<SentCommand, 'isOverdue'>) =>
    changeSlot(memory, slot, (current) => {
      // The slot may hold a newer command.
      if (current?.requestId !== command.requestId) return current
      // Of two attempts under one id, the answered one counts.
      const isAnswered = current.answer === 'accepted' || typeof current.answer === 'object'
      if ('answer' in changed && changed.answer === 'unknown' && isAnswered) return current
      return { ...current, ...changed }
    })
  const settle = (answer: 'accepted' | 'unknown' | GatherError) => {
    change({ answer })
    cancelDeadline()
    if (typeof answer !== 'object') cancelDeadline = startDeadline()
  }
  const startDeadline = () =>
    client.clock.setTimeout(() => {
      const state = place.state()
      if (!state || loggedOutcome(command, state) !== 'confirmed') change({ isOverdue: true })
    }, place.confirmAfterMs)
  changeSlot(memory, slot, () => ({ ...command, answer: 'none', isOverdue: false }))
  // The log may show the acceptance before the HTTP answer, or without it.
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
