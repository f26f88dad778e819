import { type CommandBodies, type CommandName, GatherError } from '@callgather/protocol'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState } from 'react'
import { type CommandOptions, isOutcomeUnknown, newRequestId } from '../client/commands.ts'
import type { CallFeed } from '../client/feed.ts'
import { gatherKeys } from '../query/keys.ts'
import { type CommandRun, commandFact, commandRun, type GivenCommand, targetOf } from './command-run.ts'
import { useGatherClient } from './provider.tsx'
import { useCall } from './use-call.ts'

/** How the sending of a command ended; what the command leads to comes as events. */
export type CommandSettled = 'accepted' | 'refused' | 'unknown'

/** How a command is given. */
export type RunOptions = Pick<CommandOptions, 'mask'>

/** A command at a button: where it stands, and what can be done. */
export type Command<Name extends CommandName> = CommandRun & {
  /** Gives the command. Never rejects: how it went is in `status`. */
  readonly run: (body: CommandBodies[Name], options?: RunOptions) => Promise<CommandSettled>
  /**
   * Gives the same command again: under the same id when its outcome is unknown, so that it cannot run twice; under a
   * new one when it was refused, since the old one has its answer.
   */
  readonly retry: () => Promise<CommandSettled>
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
  readonly retry: () => Promise<CommandSettled>
  readonly reset: () => void
}

const noFact = () => null

/**
 * One command as a state machine for a button: `idle` → `sending` → `accepted` → `confirmed` by the call's own events,
 * or `refused` in Telnyx's words, or `unknown` when no answer came.
 */
export function useCommand<Name extends CommandName>(callId: string, name: Name): Command<Name> {
  const command = useAnyCommand(callId)
  const { run: runAny } = command
  const run = useCallback(
    (body: CommandBodies[Name], options?: RunOptions) => runAny(name, body, options),
    [runAny, name],
  )
  return useMemo(() => ({ ...command, run }), [command, run])
}

/** As `useCommand`, for a place that gives one of several commands. */
export function useAnyCommand(callId: string): AnyCommand {
  const client = useGatherClient()
  const cache = useQueryClient()
  const [given, setGiven] = useState<GivenCommand | null>(null)
  const last = useRef<GivenCommand | null>(null)
  // Before anything was given there is nothing to look for, and a console has many buttons.
  const factSlice = useMemo(() => (given ? ({ state }: CallFeed) => commandFact(given, state) : noFact), [given])
  const fact = useCall(callId, factSlice)

  const send = useCallback(
    async (command: GivenCommand): Promise<CommandSettled> => {
      const settle = (answer: GivenCommand['answer']) => {
        // What was given since then is what the button shows.
        if (last.current?.requestId !== command.requestId) return
        last.current = { ...command, answer }
        setGiven(last.current)
      }
      last.current = { ...command, answer: 'none' }
      setGiven(last.current)
      try {
        const { name, body, requestId, mask } = command
        await client.command(callId, name, body as CommandBodies[CommandName], { requestId, mask })
        settle('accepted')
        return 'accepted'
      } catch (error) {
        const refused = GatherError.isInstance(error) && !isOutcomeUnknown(error)
        settle(refused ? error : 'unknown')
        return refused ? 'refused' : 'unknown'
      }
    },
    [client, callId],
  )

  const actions = useMemo(
    () => ({
      run: <Name extends CommandName>(name: Name, body: CommandBodies[Name], { mask }: RunOptions = {}) => {
        const requestId = newRequestId()
        const state = cache.getQueryData<CallFeed>(gatherKeys.call(callId))?.state
        const targetId = state ? targetOf(name, state) : null
        const commandId = body.command_id ?? requestId
        return send({ name, body, requestId, mask, commandId, targetId, answer: 'none' })
      },
      retry: async (): Promise<CommandSettled> => {
        const command = last.current
        if (!command) return 'unknown'
        if (typeof command.answer !== 'object') return send(command)
        const requestId = newRequestId()
        return send({ ...command, requestId, commandId: requestId })
      },
      reset: () => {
        last.current = null
        setGiven(null)
      },
    }),
    [cache, callId, send],
  )

  return useMemo(() => ({ ...commandRun(given, fact), ...actions }), [given, fact, actions])
}
