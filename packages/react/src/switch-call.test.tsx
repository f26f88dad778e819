/**
 * Changes the state of call A, switches the component to call B, and switches back. No React commit may show state of
 * call A on call B, or send it to B, and call A must keep its state. An export without a table row fails the test.
 */
import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { fireEvent, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { type ReactElement, useLayoutEffect, useRef } from 'react'
import { describe, expect, it } from 'vitest'
import * as exported from './index.ts'
import { actAndSettle } from './testing/render-hook.tsx'
import { createScenarioClient, type ScenarioClient } from './testing/scenario-client.ts'

const { CallScope, GatherProvider } = exported

/** Creates the scenario of a call. A `quiet` call has no command. */
const calls = {
  quiet: (name: string) => new ScenarioWriter(name).answered().end(),
  digits: (name: string) =>
    new ScenarioWriter(name).answered().command(`${name} digits`, 'gather', { maximum_digits: 4 }).end(),
  assistant: (name: string) =>
    new ScenarioWriter(name)
      .answered()
      .command(`${name} assistant`, 'ai_assistant_start', { assistant: { id: 'clinic' } })
      .event('call.conversation.created', {
        command_id: `${name} assistant`,
        payload: { conversation_id: `${name} conversation` },
      })
      .end(),
  fields: (name: string) =>
    new ScenarioWriter(name)
      .answered()
      .command(`${name} fields`, 'gather_using_ai', {
        parameters: { type: 'object', properties: { day: { type: 'string', title: 'Day' } }, required: ['day'] },
      })
      .event('call.conversation.created', {
        command_id: `${name} fields`,
        payload: { conversation_id: `${name} conversation` },
      })
      .end(),
}

interface Stage {
  readonly client: ScenarioClient
  readonly a: string
  /** Returns the visible text, field values and command states. */
  readonly picture: () => string
}

interface Row {
  readonly call: keyof typeof calls
  /** The element to test, rendered in a `CallScope` of the call. */
  readonly content: ReactElement
  readonly act: (stage: Stage) => Promise<unknown>
  /** The text that `act` adds to the screen of call A. */
  readonly expectedTexts: readonly string[]
}

const box = (name: string | RegExp) => screen.getByRole('textbox', { name })
const press = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))

/** Emits partial speech on call A. */
const speak = ({ client, a }: Stage) =>
  actAndSettle(() =>
    client.emit(a, 'call.transcription', {
      payload: { transcription_data: { transcript: 'and I', is_final: false, transcription_track: 'inbound' } },
    }),
  )

async function arm(stage: Stage) {
  await speak(stage)
  await userEvent.type(box(/Tell the assistant/), 'Offer Friday')
  await press('Answer now')
  await press('Wait for a pause')
}

function RefusedStop({ show }: { readonly show: 'button' | 'notice' }) {
  const stop = exported.useCommand('gather_stop')
  return (
    <>
      <exported.CommandButton command={stop} onClick={() => stop.mutate({})}>
        End
      </exported.CommandButton>
      {show === 'notice' && <exported.CommandNotice command={stop} />}
    </>
  )
}

/** Shows the result of a hook as text, and its action as a button. */
function Probe<T>({ use, show, act }: { use: () => T; show: (view: T) => string; act?: (view: T) => unknown }) {
  const view = use()
  return (
    <>
      <output>{`probe: ${show(view)}`}</output>
      {act && (
        <button type="button" onClick={() => void act(view)}>
          Act
        </button>
      )}
    </>
  )
}

const acted = async () => actAndSettle(() => press('Act'))
const statusOf = ({ status }: { status: string }) => status
const pressSeven = ({ client, a }: Stage) => actAndSettle(() => client.press(a, '7'))

const collect = ({ client, a }: Stage) =>
  actAndSettle(() =>
    client.emit(a, 'call.gather.ended', { command_id: 'A digits', payload: { status: 'valid', digits: '4071' } }),
  )

const components: Record<string, Row> = {
  AssistantBar: {
    call: 'assistant',
    content: <exported.AssistantBar />,
    act: arm,
    expectedTexts: ['Offer Friday', 'Waiting for the caller to pause'],
  },
  CallTimeline: {
    call: 'digits',
    content: <exported.CallTimeline />,
    act: () => press('Table'),
    expectedTexts: ['Length'],
  },
  Collected: {
    call: 'digits',
    content: <exported.Collected />,
    act: collect,
    expectedTexts: ['4071'],
  },
  CommandButton: {
    call: 'quiet',
    content: <RefusedStop show="button" />,
    act: () => actAndSettle(() => press('End')),
    expectedTexts: ['command=refused'],
  },
  CommandNotice: {
    call: 'quiet',
    content: <RefusedStop show="notice" />,
    act: () => actAndSettle(() => press('End')),
    expectedTexts: ['Code 90034'],
  },
  ConnectionBanner: {
    call: 'digits',
    content: <exported.ConnectionBanner />,
    act: ({ client, a }) => actAndSettle(() => client.faults.loseHistory(a, 2)),
    expectedTexts: ['Part of the history was lost'],
  },
  ConnectionStatus: {
    call: 'quiet',
    content: <exported.ConnectionStatus />,
    act: async ({ client, a }) => {
      await actAndSettle(() => client.emit(a, 'call.hangup', { payload: {} }))
      await actAndSettle(() => client.player.advance(120_000))
    },
    expectedTexts: ['Call ended'],
  },
  DigitSlots: { call: 'digits', content: <exported.DigitSlots />, act: pressSeven, expectedTexts: ['1 of 4'] },
  DtmfPad: { call: 'digits', content: <exported.DtmfPad />, act: pressSeven, expectedTexts: ['Last key 7'] },
  AskCaller: {
    call: 'quiet',
    content: <exported.AskCaller />,
    act: async () => {
      await press('Write your own')
      await userEvent.type(await screen.findByRole('textbox', { name: 'What to say' }), 'Your PIN, please')
    },
    expectedTexts: ['Your PIN, please'],
  },
  CurrentGather: { call: 'digits', content: <exported.CurrentGather />, act: pressSeven, expectedTexts: ['1 of 4'] },
  GatherControls: {
    call: 'quiet',
    content: <exported.GatherControls />,
    act: async () => {
      await press('Write your own')
      await userEvent.type(await screen.findByRole('textbox', { name: 'What to say' }), 'Your PIN, please')
    },
    expectedTexts: ['Your PIN, please'],
  },
  GatherFields: {
    call: 'fields',
    content: <exported.GatherFields />,
    act: async () => {
      await press('Correct Day')
      await userEvent.type(box('Right value for Day'), 'Friday')
    },
    expectedTexts: ['Friday'],
  },
  GatherPanel: {
    call: 'assistant',
    content: <exported.GatherPanel />,
    act: async (stage) => {
      await arm(stage)
      await press('Write your own')
      await userEvent.type(await screen.findByRole('textbox', { name: 'What to say' }), 'Your PIN, please')
      await press('Find')
      await userEvent.type(screen.getByRole('searchbox'), 'zebra')
    },
    expectedTexts: ['Offer Friday', 'Waiting for the caller to pause', 'Your PIN, please', 'zebra'],
  },
  Transcript: {
    call: 'quiet',
    content: <exported.Transcript />,
    act: async () => {
      await press('Find')
      await userEvent.type(screen.getByRole('searchbox'), 'zebra')
      await press('Filter')
      await userEvent.click(screen.getByRole('checkbox', { name: 'Call events' }))
    },
    expectedTexts: ['zebra', 'No row matches'],
  },
  WrapUp: {
    call: 'quiet',
    content: <exported.WrapUp />,
    act: () => userEvent.type(box('Note'), 'Call back Friday'),
    expectedTexts: ['Call back Friday'],
  },
}

const hooks: Record<string, Row> = {
  useAIGather: {
    call: 'fields',
    content: (
      <Probe
        use={exported.useAIGather}
        show={({ correcting }) => correcting.status}
        act={({ correct }) => correct('day', 'Friday')}
      />
    ),
    act: acted,
    expectedTexts: ['probe: refused'],
  },
  useAnyCommand: {
    call: 'quiet',
    content: (
      <Probe use={exported.useAnyCommand} show={statusOf} act={({ mutateAsync }) => mutateAsync('gather', {})} />
    ),
    act: acted,
    expectedTexts: ['probe: refused'],
  },
  useAssistant: {
    call: 'assistant',
    content: (
      <Probe
        use={exported.useAssistant}
        show={({ whispering }) => whispering.status}
        act={({ whisper }) => whisper('Offer Friday')}
      />
    ),
    act: acted,
    expectedTexts: ['probe: refused'],
  },
  useCall: {
    call: 'digits',
    content: <Probe use={() => exported.useCall(({ state }) => state.keys.size)} show={(keys) => `${keys} keys`} />,
    act: pressSeven,
    expectedTexts: ['probe: 1 keys'],
  },
  useCallGather: {
    call: 'quiet',
    content: (
      <Probe
        use={exported.useCallGather}
        show={({ starting }) => starting.status}
        act={({ start }) => start('gather', {})}
      />
    ),
    act: acted,
    expectedTexts: ['probe: refused'],
  },
  useCallId: {
    call: 'quiet',
    content: <Probe use={exported.useCallId} show={(id) => id} />,
    act: async () => {},
    expectedTexts: ['probe: v3:A'],
  },
  useCallTimeline: {
    call: 'quiet',
    content: <Probe use={exported.useCallTimeline} show={({ entries }) => `${entries.length} entries`} />,
    act: pressSeven,
    expectedTexts: ['probe: 3 entries'],
  },
  useCollected: {
    call: 'digits',
    content: <Probe use={exported.useCollected} show={({ items }) => items.map(({ value }) => value).join()} />,
    act: collect,
    expectedTexts: ['probe: 4071'],
  },
  useCommand: {
    call: 'quiet',
    content: (
      <Probe
        use={() => exported.useCommand('gather_stop')}
        show={statusOf}
        act={({ mutateAsync }) => mutateAsync({})}
      />
    ),
    act: acted,
    expectedTexts: ['probe: refused'],
  },
  useDtmf: {
    call: 'digits',
    content: <Probe use={exported.useDtmf} show={({ lastKey }) => `key ${lastKey?.digit}`} />,
    act: pressSeven,
    expectedTexts: ['probe: key 7'],
  },
  useGatherDraft: {
    call: 'quiet',
    content: (
      <Probe
        use={exported.useGatherDraft}
        show={({ draft }) => `${draft.values.payload}`}
        act={({ setValue }) => setValue('payload', 'Your PIN')}
      />
    ),
    act: acted,
    expectedTexts: ['probe: Your PIN'],
  },
  usePlayback: {
    call: 'quiet',
    content: <Probe use={exported.usePlayback} show={({ playing }) => `playing ${playing}`} />,
    act: ({ client, a }) => actAndSettle(() => client.emit(a, 'call.playback.started', { payload: {} })),
    expectedTexts: ['probe: playing true'],
  },
  useTranscript: {
    call: 'quiet',
    content: <Probe use={exported.useTranscript} show={({ length }) => `${length} rows`} />,
    act: pressSeven,
    expectedTexts: ['probe: 3 rows'],
  },
  useWrapUp: {
    call: 'quiet',
    content: (
      <Probe use={exported.useWrapUp} show={({ note }) => note} act={({ setNote }) => setNote('Call back Friday')} />
    ),
    act: acted,
    expectedTexts: ['probe: Call back Friday'],
  },
}

/** Exports without call state, each with the reason why it has no row. */
const statelessExports: Record<string, string> = {
  CallList: 'shows every call',
  CommandPalette: 'lists actions, each with state of its own',
  CallScope: 'is what is switched',
  GatherProvider: 'is of a client',
  ShortcutHelp: 'lists keys',
  ShortcutHint: 'shows a key',
  Shortcuts: 'handles keys',
  StringsProvider: 'is of a language',
  useCalls: 'shows every call',
  useConnection: 'is of a client',
  useGatherClient: 'is of a client',
  useKeptFocus: 'keeps the focus of a region',
  useLanguage: 'is of a language',
  useHostEvents: 'returns nothing; each event names its call',
  useRingingAlert: 'alerts to every call',
  useServerTime: 'is a clock',
  useShortcut: 'returns a key',
  useShortcuts: 'lists keys',
}

const rows = { ...components, ...hooks }

/** Returns the text, field values and command states, without ids, visually hidden text and fading elements. */
function pictureOf(root: Element): string {
  const lines: string[] = []
  for (const element of root.querySelectorAll<HTMLElement>('*')) {
    if (element.closest('.cg-visually-hidden, time, .cg-key-sink, .cg-key-flash')) continue
    if (element.matches('textarea, select, input:not([type="radio"])')) {
      lines.push(`${element.getAttribute('aria-label')}: ${'value' in element ? element.value : ''}`)
    }
    if (element instanceof HTMLInputElement) lines.push(`${element.type} ${element.checked}`)
    const { command } = element.dataset
    if (command !== undefined) lines.push(`command=${command}`)
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) lines.push(node.nodeValue ?? '')
  }
  return lines.join('\n')
}

interface HostProps {
  readonly callId: string
  readonly content: ReactElement
  readonly onCommit: (callId: string, root: Element) => void
}

/** An application that shows a component for one call at a time. */
function Host({ callId, content, onCommit }: HostProps) {
  const root = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (root.current) onCommit(callId, root.current)
  })
  return (
    <div ref={root} data-testid="root">
      <CallScope callId={callId}>{content}</CallScope>
    </div>
  )
}

async function stageOf({ call, content }: Row) {
  const [a, b] = [calls[call]('A'), calls[call]('B')]
  const client = createScenarioClient([a, b], {
    respond: ({ callId }) => (callId === a.callId ? { refuse: 'notAnswered' } : 'accept'),
  })
  const cache = new QueryClient()
  const commits: { callId: string; picture: string }[] = []
  const onCommit = (callId: string, root: Element) => commits.push({ callId, picture: pictureOf(root) })
  const app = (callId: string) => (
    <GatherProvider client={client} queryClient={cache}>
      <Host callId={callId} content={content} onCommit={onCommit} />
    </GatherProvider>
  )
  const { rerender } = render(app(a.callId))
  await actAndSettle(() => client.player.playAll())
  const show = (callId: string) => actAndSettle(() => rerender(app(callId)))
  const picture = () => pictureOf(screen.getByTestId('root'))
  // Load both calls into the cache, as for an agent with two calls.
  await show(b.callId)
  await show(a.callId)
  return { client, a: a.callId, b: b.callId, show, picture, commits }
}

describe('switching from call A to call B and back', () => {
  it('the table of this test covers all exported components and hooks', () => {
    const names = Object.entries(exported).flatMap(([name, value]) => {
      const isComponent = /^[A-Z]/.test(name) && typeof value === 'function' && !/^class\b/.test(String(value))
      return isComponent || /^use[A-Z]/.test(name) ? [name] : []
    })
    expect([...Object.keys(rows), ...Object.keys(statelessExports)].sort()).toEqual(names.sort())
  })

  it.each(Object.entries(rows))(
    '%s does not show or send state of call A on call B, and restores it on A',
    async (_, row) => {
      const { client, a, b, show, picture, commits } = await stageOf(row)
      await row.act({ client, a, picture })
      const before = picture()
      for (const text of row.expectedTexts) expect(before).toContain(text)
      const sent = client.commands.length

      commits.length = 0
      await show(b)
      const pictures = [...commits.map((commit) => commit.picture), picture()]
      expect(commits.length).toBeGreaterThan(0)
      for (const shown of pictures) for (const text of row.expectedTexts) expect(shown).not.toContain(text)
      expect(client.commands).toHaveLength(sent)

      commits.length = 0
      await show(a)
      for (const shown of [...commits.map((commit) => commit.picture), picture()]) expect(shown).toBe(before)
      expect(client.commands.slice(sent)).toEqual([])
    },
  )
})

describe('a command of call A', () => {
  const stop: Row = { ...rowNamed('useCommand'), act: acted }

  it('a command of call A settles while call B is shown', async () => {
    const { client, a, b, show, picture } = await stageOf(stop)
    fireEvent.click(screen.getByRole('button', { name: 'Act' }))
    expect(picture()).toContain('probe: sending')
    await show(b)
    expect(picture()).toContain('probe: idle')
    await show(a)
    expect(picture()).toContain('probe: refused')
    expect(client.commands.map(({ callId }) => callId)).toEqual([a])
  })

  it('a retry of a command of call A is sent to call A even while call B is shown', async () => {
    let retry: () => Promise<unknown> = async () => {}
    const use = () => exported.useCommand('gather_stop')
    const keep = (view: ReturnType<typeof use>) => {
      retry = view.retry
      return view.mutateAsync({})
    }
    const content = <Probe use={use} show={statusOf} act={keep} />
    const { client, a, b, show, picture } = await stageOf({ ...stop, content })
    await acted()
    await show(b)
    await actAndSettle(() => retry())
    expect(picture()).toContain('probe: idle')
    expect(client.commands.map(({ callId }) => callId)).toEqual([a, a])
  })
})

function rowNamed(name: string): Row {
  const row = rows[name]
  if (!row) throw new Error(`The table has no row for ${name}. Add it.`)
  return row
}

describe('a message of call A that waits for a pause', () => {
  it('a message that waits for a pause on call A is sent once, to call A, after call A is shown again', async () => {
    const twoBars = { ...rowNamed('AssistantBar'), content: <TwoBars /> }
    const { client, a, b, show, picture } = await stageOf(twoBars)
    await speak({ client, a, picture })
    const bar = within(screen.getByTestId('first'))
    await userEvent.type(bar.getByRole('textbox', { name: /Tell the assistant/ }), 'Offer Friday')
    await userEvent.click(bar.getByRole('button', { name: 'Answer now' }))
    await userEvent.click(bar.getByRole('button', { name: 'Wait for a pause' }))
    await show(b)
    await actAndSettle(() =>
      client.emit(a, 'call.transcription', {
        payload: {
          transcription_data: { transcript: 'and I am late.', is_final: true, transcription_track: 'inbound' },
        },
      }),
    )
    expect(client.commands).toEqual([])
    await show(a)
    expect(client.commands).toMatchObject([
      { callId: a, body: { messages: [{ content: 'Offer Friday' }], trigger_response: true } },
    ])
  })
})

/** Renders two assistant bars that share the draft message of a call. */
const TwoBars = () => (
  <>
    <div data-testid="first">
      <exported.AssistantBar />
    </div>
    <exported.AssistantBar />
  </>
)
