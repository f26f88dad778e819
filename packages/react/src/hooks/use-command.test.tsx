import { type GatherError as GatherErrorType, gatherError } from '@callgather/protocol'
import { assistantWhisper, pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { render, renderHook, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { type CommandAnswer, createScenarioClient } from '../testing/index.ts'
import { actAndSettle, playTo, renderHookWithClient } from '../testing/render-hook.tsx'
import { CallScope } from './call-scope.tsx'
import { commandProgress, type LoggedOutcome, type SentCommand } from './command-progress.ts'
import { GatherProvider } from './provider.tsx'
import { useCallGather } from './use-call-gather.ts'
import { useCommand } from './use-command.ts'

const { callId } = pinEntry

describe('where a command stands', () => {
  const refusal = { code: '90018', title: 'Call has already ended', status: 422 }
  const refused: GatherErrorType = gatherError('callEnded', 'Over.')
  const answers: SentCommand['answer'][] = ['none', 'accepted', 'unknown', refused]
  const facts: LoggedOutcome[] = [null, 'accepted', 'confirmed', 'unknown', refusal]
  const given = { name: 'gather', body: {}, requestId: 'r', commandId: 'r', targetId: null } as const

  // Rows: the HTTP response. Columns: the outcome in the call's log (none, accepted, confirmed, unknown, refused).
  const table = [
    ['sending', 'accepted', 'confirmed', 'unknown', 'refused'],
    ['accepted', 'accepted', 'confirmed', 'accepted', 'refused'],
    ['unknown', 'accepted', 'confirmed', 'unknown', 'refused'],
    ['refused', 'refused', 'confirmed', 'refused', 'refused'],
  ]

  it('commandProgress combines the HTTP response with the call’s log, and the log outranks the response', () => {
    const found = answers.map((answer) => facts.map((fact) => commandProgress({ ...given, answer }, fact).status))
    expect(found).toEqual(table)
    expect(commandProgress(null, null).status).toBe('idle')
  })
})

function Stop({ name, slot }: { readonly name: string; readonly slot?: string }) {
  const { status, mutate } = useCommand('gather_stop', slot === undefined ? {} : { slot })
  return (
    <button type="button" onClick={() => mutate({})}>
      {`${name} ${status}`}
    </button>
  )
}

describe('useCommand', () => {
  const answering = (...answers: CommandAnswer[]) =>
    createScenarioClient(pinEntry, { respond: () => answers.shift() ?? 'accept' })

  it('useCommand moves a command from idle to confirmed when the call’s log shows its effect', async () => {
    const client = answering()
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    expect(result.current).toMatchObject({ status: 'idle', requestId: null })
    await actAndSettle(async () => expect(await result.current.mutateAsync({ maximum_digits: 4 })).toBe('accepted'))
    await playTo(client, 2_410)
    expect(result.current).toMatchObject({ status: 'confirmed', name: 'gather', refusal: null })
    expect(client.commands).toMatchObject([{ name: 'gather', body: { maximum_digits: 4 } }])
    await actAndSettle(() => result.current.reset())
    expect(result.current.status).toBe('idle')
  })

  it('useCommand keeps a command in sending until the server answers', async () => {
    const client = answering('pending')
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => result.current.mutate({}))
    expect(result.current.status).toBe('sending')
  })

  it('useCommand returns why Telnyx refused a command and retries it under a new request id', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(async () => expect(await result.current.mutateAsync({})).toBe('refused'))
    expect(result.current).toMatchObject({ status: 'refused', refusal: { code: '90034', status: 422 } })
    await actAndSettle(async () => expect(await result.current.retry()).toBe('accepted'))
    expect(result.current.status).toBe('confirmed')
    const [first, second] = client.commands
    expect(first?.requestId).not.toBe(second?.requestId)
  })

  it('useCommand retries a refused command under a new command id, also if its body had one', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => result.current.mutateAsync({ command_id: 'mine', maximum_digits: 4 }))
    await actAndSettle(() => result.current.retry())
    const [first, second] = client.commands
    expect(first?.body).toMatchObject({ command_id: 'mine' })
    expect(second?.body).toEqual({ command_id: second?.requestId, maximum_digits: 4 })
    expect(result.current.status).toBe('confirmed')
  })

  it('useCommand reports an invalid body as refused by the server, before it reaches Telnyx', async () => {
    const client = answering()
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather_using_speak'))
    await actAndSettle(() => result.current.mutateAsync({ payload: 'Hello', voice: 'female', maximum_digits: 0 }))
    expect(result.current).toMatchObject({ status: 'refused', refusal: { code: '90023' } })
    expect(client.commands).toHaveLength(0)
  })

  it('useCommand returns nothing from mutate, and its mutateAsync resolves to the status and never rejects', async () => {
    const client = answering('accept', { refuse: 'notAnswered' }, 'unknown', 'offline')
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => expect(result.current.mutate({})).toBeUndefined())
    const outcomes: string[] = []
    for (let sent = 0; sent < 3; sent++) {
      await actAndSettle(async () => outcomes.push(await result.current.mutateAsync({})))
    }
    expect(outcomes).toEqual(['refused', 'unknown', 'unknown'])
  })

  it('useCommand marks a command without an answer as unknown and retries it under the same request id', async () => {
    const client = answering('offline', 'unknown', 'accept')
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(async () => expect(await result.current.mutateAsync({})).toBe('unknown'))
    expect(result.current.status).toBe('unknown')
    await actAndSettle(() => result.current.retry())
    expect(result.current.status).toBe('unknown')
    await actAndSettle(() => result.current.retry())
    expect(result.current.status).toBe('confirmed')
    expect(new Set(client.commands.map((command) => command.requestId)).size).toBe(1)
  })

  it('useCommand settles an unknown command when the call’s log shows its outcome', async () => {
    const client = answering('unknown')
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => result.current.mutateAsync({}))
    const command_id = result.current.requestId
    if (!command_id) throw new Error('Nothing was sent.')
    await actAndSettle(() => client.emit(callId, 'command.accepted', { command_id }))
    expect(result.current.status).toBe('confirmed')
  })

  it('useCommand confirms a stop command only when its gather or conversation has ended', async () => {
    const client = createScenarioClient(assistantWhisper)
    const { result } = renderHookWithClient(client, () => useCommand(assistantWhisper.callId, 'ai_assistant_stop'))
    await playTo(client, 4_000)
    await actAndSettle(() => result.current.mutateAsync({}))
    expect(result.current.status).toBe('confirmed')
  })

  it('useCommand does not change the call state when it sends a command', async () => {
    const client = answering('pending')
    const { result } = renderHookWithClient(client, () => useCallGather(callId))
    await playTo(client, 2_000)
    client.faults.setUnreachable(true)
    await actAndSettle(() => void result.current.start('gather', { maximum_digits: 4 }))
    expect(result.current.status).toBe('idle')
    expect(result.current.starting.status).toBe('sending')
  })

  it('useCommand marks an accepted command as overdue until an event confirms it', async () => {
    const client = answering('accept')
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather_stop', { confirmAfterMs: 4_000 }))
    await playTo(client, 7_000)
    // The HTTP response arrives, but the events are lost.
    client.faults.setUnreachable(true)
    await actAndSettle(() => result.current.mutateAsync({}))
    expect(result.current).toMatchObject({ status: 'accepted', isOverdue: false })
    await actAndSettle(() => client.player.advance(3_900))
    expect(result.current).toMatchObject({ status: 'accepted', isOverdue: false })
    await actAndSettle(() => client.player.advance(200))
    expect(result.current).toMatchObject({ status: 'accepted', isOverdue: true })
    client.faults.setUnreachable(false)
    await actAndSettle(() => client.player.advance(60_000))
    expect(result.current.status).toBe('confirmed')
  })

  it('useCommand takes confirmAfterMs from the provider, with a default of 10 seconds', async () => {
    const overdueAfter = async (confirmAfterMs?: number) => {
      const client = answering('accept')
      const queryClient = new QueryClient()
      const wrapper = ({ children }: { children: ReactNode }) => (
        <GatherProvider
          client={client}
          queryClient={queryClient}
          {...(confirmAfterMs === undefined ? {} : { confirmAfterMs })}
        >
          {children}
        </GatherProvider>
      )
      const { result } = renderHook(() => useCommand(callId, 'gather_stop'), { wrapper })
      await playTo(client, 7_000)
      client.faults.setUnreachable(true)
      await actAndSettle(() => result.current.mutateAsync({}))
      for (let seconds = 1; seconds <= 12; seconds++) {
        await actAndSettle(() => client.player.advance(1_000))
        if (result.current.status === 'accepted' && result.current.isOverdue) return seconds
      }
      return null
    }
    expect(await overdueAfter()).toBe(10)
    expect(await overdueAfter(3_000)).toBe(3)
  })

  it('useCommand sends the mask and replace options of a command again with each retry', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => result.current.mutateAsync({}, { mask: 'digits', replace: true }))
    await actAndSettle(() => result.current.retry())
    expect(client.commands).toMatchObject([
      { mask: 'digits', replace: true },
      { mask: 'digits', replace: true },
    ])
  })

  it('useCommand shares the state of a command between components and keeps it across unmounts', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const cache = new QueryClient()
    const app = (content: ReactNode) => (
      <GatherProvider client={client} queryClient={cache}>
        <CallScope callId={callId}>{content}</CallScope>
      </GatherProvider>
    )
    const { rerender } = render(
      app([<Stop key="one" name="one" />, <Stop key="two" name="two" />, <Stop key="own" name="own" slot="own" />]),
    )
    await playTo(client, 2_400)
    await actAndSettle(() => screen.getByRole('button', { name: /^one/ }).click())
    const names = () => screen.getAllByRole('button').map((button) => button.textContent)
    expect(names()).toEqual(['one refused', 'two refused', 'own idle'])
    rerender(app(null))
    rerender(app(<Stop name="again" />))
    expect(names()).toEqual(['again refused'])
  })

  it('useCommand throws an error that names callId when it has no call', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(() => renderHookWithClient(answering(), () => useCommand('gather_stop'))).toThrow(/Give it a `callId`/)
    error.mockRestore()
  })

  it('useCommand clears the state of commands when the client is closed', async () => {
    const client = answering({ refuse: 'notAnswered' })
    const { result } = renderHookWithClient(client, () => useCommand(callId, 'gather'))
    await playTo(client, 2_400)
    await actAndSettle(() => result.current.mutateAsync({}))
    expect(result.current.status).toBe('refused')
    await actAndSettle(() => client.close())
    expect(result.current.status).toBe('idle')
  })
})
