/** Two agents use one client in turn. The second agent never sees or sends drafts and commands of the first agent. */
import 'fake-indexeddb/auto'
import { pinEntry } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactNode, StrictMode } from 'react'
import { expect, it, vi } from 'vitest'
import { createClientWith } from './client/gather-client.ts'
import { Collected, GatherControls, GatherProvider, useCommand, WrapUp } from './index.ts'
import { actAndSettle } from './testing/render-hook.tsx'
import { ScenarioServer } from './testing/scenario-server.ts'
import { VirtualClock } from './testing/virtual-clock.ts'

const { callId } = pinEntry
/** The validation rules of the form, which load when the form is shown. */
const rules = vi.hoisted(() => ({ load: () => {}, isLoading: new Promise<void>(() => {}) }))
rules.isLoading = new Promise((resolve) => {
  rules.load = resolve
})
vi.mock('./components/gather-controls/telnyx-rules.ts', async (original) => {
  await rules.isLoading
  return original()
})
const START = Date.parse('2030-01-01T00:00:00Z')
const ticketOf = (subject: string) =>
  `h.${btoa(JSON.stringify({ sub: subject, iat: START / 1000, exp: START / 1000 + 3_600, jti: Math.random() }))}.s`

function deskOf() {
  const clock = new VirtualClock(START)
  const server = new ScenarioServer(clock)
  server.addCall(callId, ['view', 'gather', 'assistant'])
  const answered = pinEntry.steps.slice(0, 2)
  for (const { event } of answered) server.append(callId, event)
  const sent: { agent: string; body: string }[] = []
  const reply = { with: async () => Response.json({ data: { result: 'ok' } }) }
  const agent = { name: 'agent-1', ticket: async (): Promise<string> => ticketOf(agent.name) }
  const client = createClientWith({
    transport: server,
    clock,
    getTicket: () => agent.ticket(),
    base: 'http://server.invalid',
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const claims = JSON.parse(atob((request.headers.get('authorization') ?? '').split('.')[1] ?? ''))
      sent.push({ agent: claims.sub, body: await request.text() })
      return reply.with()
    },
    onWake: () => () => {},
  })
  const cache = new QueryClient()
  const page = (content: ReactNode) => (
    <StrictMode>
      <GatherProvider client={client} queryClient={cache}>
        {content}
      </GatherProvider>
    </StrictMode>
  )
  const view = render(page(null))
  const show = (content: ReactNode) => actAndSettle(() => view.rerender(page(content)))
  return {
    client,
    clock,
    server,
    agent,
    reply,
    sent,
    show,
    later: (s: number) => actAndSettle(() => clock.advanceTo(clock.now() + s * 1000)),
  }
}

const openForm = async () => {
  await userEvent.click(screen.getByRole('button', { name: 'Write your own' }))
  await screen.findByRole('form', { name: 'Ask the caller' })
}

const hangup = {
  id: 'hangup',
  event_type: 'call.hangup',
  occurred_at: '2026-11-22T10:42:00.000000Z',
  payload: { hangup_source: 'caller' },
} as const

const question = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'What to say' })

it('a form that an agent submits before its validation has loaded is not sent for the next agent', async () => {
  const { agent, show, later, sent, server } = deskOf()
  await show(<GatherControls callId={callId} />)
  await later(1)
  await openForm()
  await userEvent.type(question(), 'Mrs Smith')
  await userEvent.click(screen.getByRole('button', { name: 'Ask the caller' }))
  agent.name = 'agent-2'
  server.drop(null)
  await later(5)
  rules.load()
  await actAndSettle(() => import('./components/gather-controls/telnyx-rules.ts'))
  await later(1)
  expect(sent).toEqual([])
})

it('a draft stays hidden until the client knows which agent has signed in', async () => {
  const { agent, show, later } = deskOf()
  await show(<GatherControls callId={callId} />)
  await later(1)
  await openForm()
  await userEvent.type(question(), 'Mrs Smith, your PIN')
  await show(<h1>Signed out</h1>)
  let answer = (_: string) => {}
  agent.ticket = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await show(<GatherControls callId={callId} />)
  await openForm()
  expect(question().value).toBe('')
  await actAndSettle(() => answer(ticketOf('agent-2')))
  await later(1)
  await openForm()
  expect(question().value).toBe('')
})

it('a draft is restored when the same agent signs in again', async () => {
  const { show, later } = deskOf()
  await show(<GatherControls callId={callId} />)
  await later(1)
  await openForm()
  await userEvent.type(question(), 'Your PIN')
  await show(<h1>Elsewhere</h1>)
  await show(<GatherControls callId={callId} />)
  await later(1)
  expect(question().value).toBe('Your PIN')
})

it('a draft keeps text that the same agent types before the client has confirmed who is signed in', async () => {
  const { agent, show, later } = deskOf()
  await show(<GatherControls callId={callId} />)
  await later(1)
  await openForm()
  await userEvent.type(question(), 'Your PIN')
  await show(<h1>Elsewhere</h1>)
  let answer = (_: string) => {}
  agent.ticket = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await show(<GatherControls callId={callId} />)
  await openForm()
  await userEvent.type(question(), 'Your date of birth')
  expect(question().value).toBe('Your date of birth')
  await actAndSettle(() => answer(ticketOf('agent-1')))
  await later(1)
  expect(question().value).toBe('Your date of birth')
})

const note = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Note' })

it('a wrap-up draft of one agent is never shown to the next agent, and is deleted when that agent signs in', async () => {
  const { agent, show, later, server } = deskOf()
  await show(<WrapUp callId={callId} />)
  await later(1)
  await userEvent.type(note(), 'Owes money')
  agent.name = 'agent-2'
  server.drop(null)
  await later(5)
  expect(note().value).toBe('')
  agent.name = 'agent-1'
  server.drop(null)
  await later(5)
  expect(note().value).toBe('')
})

it('a wrap-up that is being saved when another agent signs in does not change the wrap-up of that agent', async () => {
  const { agent, show, later, server } = deskOf()
  server.append(callId, hangup)
  let save = () => {}
  await show(<WrapUp callId={callId} onWrapUp={() => new Promise<void>((resolve) => (save = resolve))} />)
  await later(1)
  await userEvent.click(screen.getByRole('button', { name: 'Finish' }))
  expect(screen.getByRole('button', { name: 'Saving…' })).toBeInTheDocument()
  await show(<h1>Signed out</h1>)
  agent.name = 'agent-2'
  await show(<WrapUp callId={callId} />)
  await later(1)
  await actAndSettle(() => save())
  expect(screen.getByRole('button', { name: 'Finish' })).toBeInTheDocument()
})

it('onCollected receives the values of a call for each agent who signs in', async () => {
  const { agent, show, later, server } = deskOf()
  for (const { event } of pinEntry.steps.slice(2)) server.append(callId, event)
  const received: string[] = []
  await show(<Collected callId={callId} onCollected={({ value }) => void received.push(`${agent.name} ${value}`)} />)
  await later(1)
  server.drop(null)
  await later(5)
  agent.name = 'agent-2'
  server.drop(null)
  await later(5)
  expect(received).toEqual(['agent-1 5503', 'agent-2 5503'])
})

it('a command settles when its response arrives while its component is unmounted', async () => {
  const { reply, show, later, sent } = deskOf()
  let answer = (_: Response) => {}
  reply.with = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await show(<Stop />)
  await later(1)
  fireEvent.click(screen.getByRole('button'))
  await show(<h1>Elsewhere</h1>)
  await actAndSettle(() => answer(Response.json({ errors: [{ code: '90034', title: 'No' }] }, { status: 422 })))
  await show(<Stop />)
  await later(1)
  expect(screen.getByRole('button').textContent).toBe('refused')
  expect(sent).toHaveLength(1)
})

function Stop() {
  const stop = useCommand(callId, 'gather_stop')
  return (
    <button type="button" onClick={() => stop.mutate({})}>
      {stop.status}
    </button>
  )
}

it('the client does not send a command with the ticket of the previous agent', async () => {
  const { agent, show, later, sent } = deskOf()
  await show(<Stop />)
  await later(1)
  await show(<h1>Signed out</h1>)
  agent.name = 'agent-2'
  let answer = (_: string) => {}
  agent.ticket = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await show(<Stop />)
  fireEvent.click(screen.getByRole('button'))
  await actAndSettle(() => {})
  expect(sent).toEqual([])
  await actAndSettle(() => answer(ticketOf('agent-2')))
  await later(1)
  expect(sent.filter((it) => it.agent === 'agent-1')).toEqual([])
})

it('a closed client sends no command', async () => {
  const { client, show, later, sent } = deskOf()
  await show(<Stop />)
  await later(1)
  client.close()
  await expect(client.command(callId, 'gather_stop', {})).rejects.toMatchObject({ status: 503 })
  expect(sent).toEqual([])
})
