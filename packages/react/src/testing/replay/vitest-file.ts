/** Writes an exported call as a test for Vitest that plays the call and checks what the panel shows at the end. */
import { type CallState, foldCall, selectCallPhase, selectCollected, selectHungUpBy } from '@callgather/protocol'
import { type ExportedCall, scenarioOf } from '@callgather/protocol/scenarios'
import { hiddenWords, resultWords, shownText, valueLabel } from '../../components/collected/collected-words.ts'
import { gatherSliceOf } from '../../components/kit/gather-slice.ts'
import { gatherBadge } from '../../components/kit/gather-words.ts'
import { partyName, visibleText } from '../../hooks/party.ts'
import { english } from '../../strings/strings-context.tsx'

/** A file to paste, and the name that it should have. */
export interface PastedFile {
  readonly fileName: string
  readonly text: string
}

/**
 * Returns a test file for Vitest, which renders `GatherPanel`, plays the call and checks the phase, the last request and
 * the collected values. Masked values are absent, as in the export.
 */
export function vitestFile(call: ExportedCall): PastedFile {
  const state = foldCall(call.callId, call.events)
  const scenario = scenarioOf(call, titleOf(state))
  const { steps, ...head } = scenario
  const text = `// @vitest-environment happy-dom
// From an exported call. Needs: npm install --save-dev vitest happy-dom @testing-library/react @testing-library/dom
import { GatherPanel, GatherProvider } from '@callgather/react'
import { createScenarioClient, type Scenario } from '@callgather/react/testing'
import { act, render, screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

test(${JSON.stringify(scenario.title)}, async () => {
  const client = createScenarioClient(scenario)
  render(
    <GatherProvider client={client}>
      <GatherPanel callId={scenario.callId} />
    </GatherProvider>,
  )
  await act(() => client.player.playAll())

  await waitFor(
    () => {
      const panel = within(screen.getByRole('article'))
${checksOf(state)
  .map((line) => `      ${line}\n`)
  .join('')}    },
    { timeout: 10_000 },
  )
}, 30_000)

const scenario = {
${Object.entries(head)
  .map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`)
  .join('')}  steps: [
${steps.map((step) => `    ${JSON.stringify(step)},\n`).join('')}  ],
} as unknown as Scenario
`
  return { fileName: 'incident.test.tsx', text }
}

/** Names the test after the caller, the values and the end, such as `+1 555 000 1111: PIN 5503, Ended`. */
function titleOf(state: CallState): string {
  const party = state.initiated?.direction === 'outgoing' ? state.parties?.to : state.parties?.from
  const values = selectCollected(state).map((item) => `${valueLabel(item, english)} ${valueWords(item)}`)
  const words = [...values.reverse(), phaseOf(state)].join(', ')
  return visibleText(`${party ? partyName(party) : 'A call'}: ${words}`)
}

const phaseOf = (state: CallState) => english.t(`call.phase.${selectCallPhase(state)}`)

type Collected = ReturnType<typeof selectCollected>[number]

const valueWords = (item: Collected) => (item.mask ? hiddenWords(item, english) : visibleText(shownText(item, english)))

/** Returns the statements that check what the panel shows, in the words of the panel. */
function checksOf(state: CallState): string[] {
  const gather = gatherSliceOf(state)
  const hungUpBy = selectHungUpBy(state)
  const contains = (text: string) => `toContain(${JSON.stringify(text)})`
  const items = selectCollected(state).flatMap((item, index) =>
    [visibleText(valueLabel(item, english)), valueWords(item), resultWords(item, hungUpBy, english)].map(
      (words) => `expect(values[${index}]).${contains(words)}`,
    ),
  )
  return [
    `// How the call ended up, and the last request.`,
    `expect(screen.getByRole('article').getAttribute('data-phase')).toBe(${JSON.stringify(selectCallPhase(state))})`,
    ...(gather
      ? [`expect(panel.getAllByText(${JSON.stringify(gatherBadge(gather, english).text)})).not.toEqual([])`]
      : []),
    `// The collected values, newest first.`,
    `const collected = within(panel.getByRole('region', { name: 'Collected' }))`,
    `const values = collected.queryAllByRole('listitem').map(({ textContent }) => textContent)`,
    `expect(values).toHaveLength(${selectCollected(state).length})`,
    ...items,
  ]
}
