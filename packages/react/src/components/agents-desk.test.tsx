/** The messages that an agent sees when a command, the call list or the delivery of a masked value fails. */
import { pinEntry, type Scenario, ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import type { ReactElement } from 'react'
import { afterEach, describe, expect, test } from 'vitest'
import { GatherProvider } from '../hooks/provider.tsx'
import { ar } from '../strings/ar.ts'
import { de } from '../strings/de.ts'
import { en } from '../strings/en.ts'
import { es } from '../strings/es.ts'
import { fr } from '../strings/fr.ts'
import { StringsProvider } from '../strings/index.ts'
import { ja } from '../strings/ja.ts'
import { ptBR } from '../strings/pt-BR.ts'
import { zhCN } from '../strings/zh-CN.ts'
import { actAndSettle, playTo } from '../testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClientOptions } from '../testing/scenario-client.ts'
import { CallList } from './call-list/call-list.tsx'
import { GatherControls } from './gather-controls/gather-controls.tsx'
import { GatherFields } from './gather-fields/gather-fields.tsx'

afterEach(cleanup)

const { callId } = pinEntry

/** A call whose gather allows three attempts and never ends. */
const endless = new ScenarioWriter('Endless')
  .answered()
  .command('pin', 'gather_using_speak', { payload: 'Your PIN, please.', voice: 'female', maximum_digits: 4 })
  .end()

function show(element: ReactElement, options?: ScenarioClientOptions, scenario: Scenario = pinEntry) {
  const client = createScenarioClient(scenario, options)
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      {element}
    </GatherProvider>,
  )
  return client
}

const nothing = () => screen.queryByText('No calls')

describe('the call list', () => {
  test('the call list shows "Loading calls", not "No calls", while the client connects', () => {
    show(<CallList />)
    expect(screen.getByText('Loading calls')).toBeTruthy()
    expect(nothing()).toBeNull()
  })

  test.each([
    [401, 'Session expired'],
    [403, 'No permission'],
    [503, 'Server temporarily unavailable'],
  ])('the call list explains the refusal when the server refuses the connection with %i', async (status, title) => {
    const client = createScenarioClient(pinEntry)
    client.faults.refuseConnection({ status, code: '10009', title: 'Refused' })
    render(
      <GatherProvider client={client} queryClient={new QueryClient()}>
        <CallList />
      </GatherProvider>,
    )
    await actAndSettle(() => client.player.seek(20_000))
    await waitFor(() => expect(screen.getByText(title)).toBeTruthy())
    expect(nothing()).toBeNull()
  })

  test('the call list shows an alert, not "No calls", while the server is unreachable', async () => {
    const client = createScenarioClient(pinEntry)
    client.faults.setUnreachable(true)
    render(
      <GatherProvider client={client} queryClient={new QueryClient()}>
        <CallList />
      </GatherProvider>,
    )
    await actAndSettle(() => client.player.seek(20_000))
    await waitFor(() => expect(screen.getByRole('alert')).toBeTruthy())
    expect(nothing()).toBeNull()
  })
})

async function fill() {
  fireEvent.click(await screen.findByRole('button', { name: 'Write your own' }))
  fireEvent.click(await screen.findByRole('button', { name: 'Yes or no' }))
  await actAndSettle(() =>
    fireEvent.click(screen.getByRole('button', { name: /^(Ask the caller|Stop and ask this)$/ })),
  )
}

describe('a refused request', () => {
  test('the gather form explains a refused value and marks its field until the agent changes it', async () => {
    const client = show(<GatherControls callId={callId} />, {
      respond: () => ({
        by: 'server',
        refuse: {
          status: 400,
          code: '10015',
          title: 'Bad Request',
          detail: '`payload` is not allowed.',
          source: { pointer: '/payload' },
        },
      }),
    })
    await playTo(client, 2400)
    await fill()
    const alert = await screen.findByText('The server’s rules don’t allow this.', { selector: '.cg-notice-title' })
    expect(alert.closest('[role=alert]')?.textContent).toContain('payload is not allowed. · Code 10015')
    const field = screen.getByRole('textbox', { name: 'What to say' })
    expect(field.getAttribute('aria-invalid')).toBe('true')
    expect(field.getAttribute('aria-describedby')).toBeTruthy()
    fireEvent.change(field, { target: { value: 'Another question' } })
    expect(screen.getByRole('textbox', { name: 'What to say' }).getAttribute('aria-invalid')).toBeNull()
  })

  test('the gather form names the agent whose gather is running, and "Replace" replaces that gather', async () => {
    const client = show(<GatherControls callId={callId} />, {
      respond: ({ replace }) =>
        replace
          ? 'accept'
          : { by: 'server', refuse: { status: 422, code: '990001', title: 'Gather already in progress' } },
    })
    await playTo(client, 2400)
    await fill()
    await playTo(client, 4000)
    const notice = (await screen.findByText(/^agent-7 is already asking for digits/)).closest('[role=alert]')
    if (!(notice instanceof HTMLElement)) throw new Error('The notice has no ancestor with the role `alert`.')
    await actAndSettle(() => fireEvent.click(within(notice).getByRole('button', { name: 'Replace' })))
    expect(client.commands.map(({ replace = false }) => replace)).toEqual([false, true])
    expect(client.commands[1]?.body).toMatchObject({ payload: 'Press 1 for yes, or 2 for no.' })
    // The gather form is empty, because Telnyx accepted its draft.
    await actAndSettle(() => fireEvent.click(screen.getByRole('button', { name: 'Write your own' })))
    expect(screen.getByRole('textbox', { name: 'What to say' })).toHaveValue('')
  })
})

describe('a stop that Telnyx accepted', () => {
  test('the gather card offers "Stop again" when Telnyx accepted a stop but no end event arrives', async () => {
    const client = show(<GatherControls callId={endless.callId} />, {}, endless)
    await playTo(client, 7000)
    expect(screen.queryByText(/^attempt/)).toBeNull()
    const stopped = { command: 'gather_stop', body: {}, subject: 'agent-9' }
    await actAndSettle(() => {
      client.emit(endless.callId, 'command.requested', { command_id: 'lost-stop', payload: stopped })
      client.emit(endless.callId, 'command.accepted', { command_id: 'lost-stop', payload: {} })
    })
    expect(screen.queryByText('time is up, waiting for Telnyx')).toBeNull()
    expect(screen.queryByText(/^attempt/)).toBeNull()
    await actAndSettle(() => client.player.advance(11_000))
    expect(await screen.findByText('Telnyx hasn’t confirmed the stop.')).toBeTruthy()
    expect(screen.queryByText(/^attempt/)).toBeNull()
    await actAndSettle(() => fireEvent.click(screen.getByRole('button', { name: 'Stop again' })))
    expect(client.commands.map(({ name }) => name)).toEqual(['gather_stop'])
  })
})

/** A call with a masked gather that has ended. `delivered`: whether the host's `onSensitive` accepted the value. */
function maskedEnd(kind: 'digits' | 'fields', delivered: boolean): Scenario {
  const call = new ScenarioWriter(`Masked ${kind}`).answered()
  const parameters = { type: 'object', properties: { pin: { type: 'string', title: 'PIN' } } }
  return kind === 'digits'
    ? call
        .command('masked', 'gather', { maximum_digits: 4 }, { mask: 'digits' })
        .event('call.gather.ended', {
          command_id: 'masked',
          payload: { status: 'valid', digits: null, digit_count: 4, delivered },
        })
        .end()
    : call
        .command('masked', 'gather_using_ai', { parameters }, { mask: 'digits' })
        .event('call.ai_gather.ended', { command_id: 'masked', payload: { status: 'valid', result: null, delivered } })
        .end()
}

describe('a masked value', () => {
  const languages = Object.entries({ en, es, fr, de, 'pt-BR': ptBR, 'zh-CN': zhCN, ja, ar })
  const cards = [
    ['digits', GatherControls],
    ['fields', GatherControls],
    ['fields', GatherFields],
  ] as const

  test.each(languages)(
    'a card warns that the masked value of an ended gather was not delivered, in %s',
    async (locale, strings) => {
      for (const [kind, Card] of cards) {
        for (const delivered of [false, true]) {
          const scenario = maskedEnd(kind, delivered)
          const client = show(
            <StringsProvider locale={locale} strings={strings}>
              <Card callId={scenario.callId} />
            </StringsProvider>,
            {},
            scenario,
          )
          await playTo(client, 20_000)
          const notices = screen.queryAllByRole('alert').map(({ textContent }) => textContent)
          expect([kind, delivered, notices]).toEqual([
            kind,
            delivered,
            delivered ? [] : [`${strings['gather.notDelivered']}${strings['gather.notDeliveredHint']}`],
          ])
          cleanup()
        }
      }
    },
  )
})
