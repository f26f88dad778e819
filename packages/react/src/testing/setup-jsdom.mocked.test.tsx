// @vitest-environment jsdom
import { it } from 'vitest'
import './setup.ts'
import { showsPanel } from './setup.test-kit.tsx'

it('the setup gives jsdom what the panel needs, and its lists a size', showsPanel)
