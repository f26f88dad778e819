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

/** The result of sending a command. The command's effects on the call arrive as events. */
export type SettledCommandStatus = 'accepted' | 'refused' | 'unknown'

/** The options of `mutate` and `mutateAsync`. */
export type CommandMutateOptions = Pick<CommandOptions, 'mask' | 'label' | 'replace'>

/** The options of `useCommand` and `useAnyCommand`. */
export interface UseCommandOptions {
  /**
   * The name of the command's state on the call, to keep several buttons apart. Hooks with the same slot on the same
   * call share one state, also after an unmount. Default: the command's name; `any` for `useAnyCommand`.
   */
  slot?: string
  /** The time within which an event must confirm an accepted command, in ms. Default: the provider's value. */
  confirmAfterMs?: number
}

/** The actions that `useCommand` and `useAnyCommand` return. */
export interface UseCommandActions {
  /**
   * Sends the last command to its call again. A command with an unknown outcome keeps its request id, so it cannot run
   * twice; a refused command gets a new id. Resolves like `mutateAsync`, or to `unknown` if there is no command.
   */
  readonly retry: (options?: CommandMutateOptions) => Promise<SettledCommandStatus>
  /** Resets the status to `idle`. Does not undo a sent command. */
  readonly reset: () => void
}

/** The result of `useCommand`: the progress of the command, and functions to send it. */
export type UseCommandResult<Name extends CommandName> = CommandProgress &
  UseCommandActions & {
    /** Sends the command and returns nothing. Read the outcome from `status`. */
    readonly mutate: (body: CommandBodies[Name], options?: CommandMutateOptions) => void
    /** Sends the command. Resolves when it is accepted, refused or of unknown outcome; never rejects. */
    readonly mutateAsync: (body: CommandBodies[Name], options?: CommandMutateOptions) => Promise<SettledCommandStatus>
  }

/** The result of `useAnyCommand`: the progress of the last sent command, and functions to send a command. */
export type UseAnyCommandResult = CommandProgress &
  UseCommandActions & {
    /** Sends a command and returns nothing. Read the outcome from `status`. */
    readonly mutate: <Name extends CommandName>(
      name: Name,
      body: CommandBodies[Name],
      options?: CommandMutateOptions,
    ) => void
    /** Sends a command. Resolves when it is accepted, refused or of unknown outcome; never rejects. */
    readonly mutateAsync: <Name extends CommandName>(
      name: Name,
      body: CommandBodies[Name],
      options?: CommandMutateOptions,
    ) => Promise<SettledCommandStatus>
  }

/**
 * Returns a command as a state machine for a button: `idle` → `sending` → `accepted` → `confirmed` by the call's
 * events, or `refused` with Telnyx's error, or `unknown` without a response. Each call has its own state, so a late
 * response settles the command of its own call.
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

/** Like `useCommand`, for a component that sends one of several commands. */
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
  // A console has many buttons, so a button without a sent command selects nothing from the call.
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
        // The server answers a known `command_id` with the old refusal.
        const body = { ...command.body, command_id: undefined }
        return send(place, { ...command, ...options, body, requestId, commandId: requestId })
      },
      reset: () => changeSlot(memory, slot, () => null),
    }
  }, [client, cache, id, memory, slot, confirmAfterMs, read])

  return useMemo(() => ({ ...commandProgress(given, fact), ...actions }), [given, fact, actions])
}

const noFact = () => null

/** The last sent command of each slot, for each call. */
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

/** The call that a command is sent to and the slot of its state, whichever call is shown later. */
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
      // A newer command may have replaced this command in its slot.
      if (current?.requestId !== command.requestId) return current
      // Of two attempts with the same request id, the attempt with a response counts.
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
  // The log may show that Telnyx accepted the command before the HTTP response, or without a response.
  let cancelDeadline = startDeadline()
  try {
    const { name, body, requestId, mask, label, replace } = command
    await client.command(callId, name, body as CommandBodies[CommandName], { requestId, mask, label, replace })
    settle('accepted')
    return 'accepted'
  } catch (error) {
    const refused = GatherError.isInstance(error) && !isOutcomeUnknown(error)
    settle(refused ? error : 'unknown')
    return refused ? 'refused' : 'unknown'
  }
}
