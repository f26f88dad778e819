import { pinEntry } from '@callgather/protocol/scenarios'
import type { Decorator, Loader } from '@storybook/react-vite'
import { render, screen } from '@testing-library/react'
import { expect, it } from 'vitest'
import { useDtmf } from '../hooks/use-dtmf.ts'
import { actAndSettle } from './render-hook.tsx'
import { loadScenario, withScenario } from './storybook.tsx'

// This assignment checks that Storybook's types accept the decorator and the loader.
const decorators: Decorator[] = [withScenario]
const loaders: Loader[] = [loadScenario]

function Keys() {
  return <output>{useDtmf(pinEntry.callId).gather?.digits ?? 'none'}</output>
}

it('withScenario renders a story at its `at` position in the call', async () => {
  expect([decorators.length, loaders.length]).toEqual([1, 1])
  const loaded = await loadScenario({ parameters: { scenario: pinEntry, at: 7_800 } })
  render(withScenario(Keys, { loaded, id: 'pin--entry' }))
  await actAndSettle(() => loaded.client?.player.advance(0))
  expect(screen.getByRole('status')).toHaveTextContent(/^55$/)
})

it('withScenario renders a story without a scenario unchanged', async () => {
  const loaded = await loadScenario({ parameters: {} })
  render(withScenario(() => <output>plain</output>, { loaded, id: 'plain' }))
  expect(screen.getByText('plain')).toBeInTheDocument()
})
