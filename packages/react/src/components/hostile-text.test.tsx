import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { QueryClient } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactElement } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { CallScope } from '../hooks/call-scope.tsx'
import { GatherProvider } from '../hooks/provider.tsx'
import { actAndSettle, playAll } from '../testing/render-hook.tsx'
import { createScenarioClient } from '../testing/scenario-client.ts'
import { AssistantBar } from './assistant-bar/assistant-bar.tsx'
import { CallWall } from './call-wall/call-wall.tsx'
import { Collected } from './collected/collected.tsx'
import { AskCaller } from './gather-controls/ask-caller.tsx'
import { GatherFields } from './gather-fields/gather-fields.tsx'
import { WrapUp } from './wrap-up/wrap-up.tsx'

/** A text that reads backwards on a screen, with characters that have no shape. */
const hostile = (name: string) => `${name}\u202e4321\u2066\u200b`
const invisible = /[\u202a-\u202e\u2066-\u2069\u200b]/u
const { callId } = new ScenarioWriter('Hostile texts').end()

const live = new ScenarioWriter('Hostile texts')
  .answered({ callerName: hostile('caller') })
  .command('digits', 'gather', { maximum_digits: 4 }, { label: hostile('label') })
  .event('call.gather.ended', { command_id: 'digits', payload: { status: 'valid', digits: '4071' } })
  .command('fields', 'gather_using_ai', {
    parameters: { type: 'object', properties: { note: { type: 'string', title: hostile('title') } } },
  })
  .event('call.conversation.created', { command_id: 'fields', payload: { conversation_id: 'c-1' } })
  .event('call.ai_gather.partial_results', {
    command_id: 'fields',
    payload: { partial_results: { note: hostile('value') } },
  })
const whispered = { messages: [{ role: 'system', content: hostile('whisper') }] }
const answered = live.command('whisper', 'ai_assistant_add_messages', whispered).end()
const ended = new ScenarioWriter('Hostile texts')
  .answered()
  .command('digits', 'gather', { maximum_digits: 4 }, { label: hostile('label') })
  .event('call.gather.ended', { command_id: 'digits', payload: { status: 'valid', digits: '4071' } })
  .command('whisper', 'ai_assistant_add_messages', whispered)
  .hangup()
  .end()

const templates = [{ name: 'pin', command: 'gather' as const, label: hostile('preset') }]

async function open(component: ReactElement, scenario = answered) {
  const client = createScenarioClient(scenario, { templates })
  render(
    <GatherProvider client={client} queryClient={new QueryClient()}>
      {component}
    </GatherProvider>,
  )
  await playAll(client)
  return client
}

/** All texts and names of the page that people see or hear. */
const shownTexts = () =>
  [...document.querySelectorAll('*')].flatMap((element) => [
    ...[...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent ?? ''),
    element.getAttribute('aria-label') ?? '',
    element.getAttribute('title') ?? '',
  ])

const stubClipboard = () => vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()

afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
})

test.each<[string, ReactElement, readonly string[]]>([
  ['Collected', <Collected key="it" callId={callId} />, ['label', 'title', 'value']],
  ['GatherFields', <GatherFields key="it" callId={callId} />, ['title', 'value']],
  ['AssistantBar', <AssistantBar key="it" callId={callId} suggestions={[hostile('tip')]} />, ['whisper', 'tip']],
  ['AskCaller', <AskCaller key="it" callId={callId} />, ['preset']],
  ['CallWall', <CallWall key="it" describeCall={() => ({ agent: hostile('owner') })} />, ['caller', 'owner']],
])('%s replaces characters that disguise a text with a visible sign', async (_, component, names) => {
  await open(component)
  const texts = shownTexts()
  expect(texts.filter((text) => invisible.test(text))).toEqual([])
  for (const name of names) expect(texts.some((text) => text.includes(`${name}\ufffd4321\ufffd`))).toBe(true)
})

test.each<[string, ReactElement]>([
  ['Collected', <Collected key="it" />],
  ['GatherFields', <GatherFields key="it" />],
  ['WrapUp', <WrapUp key="it" />],
])('%s shows an object that is no valid argument of String as JSON', async (_, component) => {
  const object = { toString: 1, valueOf: 2 }
  const properties = { list: { type: 'array' }, object: { enum: [object] } }
  const result = { list: [object, 'Ada'], object }
  const scenario = new ScenarioWriter('Hostile objects')
    .answered()
    .command('fields', 'gather_using_ai', { parameters: { type: 'object', properties } })
    .event('call.ai_gather.partial_results', { command_id: 'fields', payload: { partial_results: result } })
    .event('call.ai_gather.ended', { command_id: 'fields', payload: { status: 'valid', result } })
    .hangup()
    .end()
  await open(<CallScope callId={scenario.callId}>{component}</CallScope>, scenario)
  const json = '{"toString":1,"valueOf":2}'
  expect(shownTexts()).toEqual(expect.arrayContaining([`${json} and Ada`, json]))
})

test('GatherFields lets the agent correct a field to an option that is an object', async () => {
  const option = { toString: 1 }
  const client = await open(
    <GatherFields callId={callId} />,
    new ScenarioWriter('Hostile texts')
      .answered()
      .command('fields', 'gather_using_ai', { parameters: { type: 'object', properties: { day: { enum: [option] } } } })
      .event('call.conversation.created', { command_id: 'fields', payload: { conversation_id: 'c-1' } })
      .end(),
  )
  await userEvent.click(screen.getByRole('button', { name: /^Correct/ }))
  await userEvent.selectOptions(screen.getByRole('combobox'), JSON.stringify(option))
  await actAndSettle(() => screen.getByRole('button', { name: 'Tell the assistant' }).click())
  expect(JSON.stringify(client.commands)).toContain('its value is {\\"toString\\":1}')
})

test('WrapUp shows and copies a summary without characters that disguise a text', async () => {
  const writeText = stubClipboard()
  await open(<WrapUp callId={callId} />, ended)
  expect(shownTexts().filter((text) => invisible.test(text))).toEqual([])
  await actAndSettle(() => screen.getByRole('button', { name: 'Copy summary' }).click())
  const [copied = ''] = writeText.mock.calls[0] ?? []
  expect(copied).not.toMatch(invisible)
  for (const name of ['label', 'whisper']) expect(copied).toContain(`${name}\ufffd4321\ufffd`)
})

test('Collected copies the value that was collected, unchanged', async () => {
  const writeText = stubClipboard()
  await open(<Collected callId={callId} />)
  await actAndSettle(() => screen.getByRole('button', { name: /^Copy title/ }).click())
  expect(writeText).toHaveBeenCalledWith(hostile('value'))
})

test('GatherFields isolates a label and a value from the direction of the text around them', async () => {
  await open(<GatherFields callId={callId} />)
  const isolated = (text: RegExp) => screen.getAllByText(text)[0]?.closest('bdi, [dir="auto"]')
  expect(isolated(/^title/)?.tagName).toBe('BDI')
  expect(isolated(/^value/)?.getAttribute('dir')).toBe('auto')
})
