import type { Preview } from '@storybook/react-vite'
import { configure } from 'storybook/test'
import '@fontsource-variable/inter'
import '@callgather/react/styles.css'
import './themes.css'
import { expectAtRest } from './at-rest.ts'
import { DocsPage } from './docs-page.tsx'
import { loadScenario, withScenario } from './scenario.tsx'

// Allow for a busy machine.
configure({ asyncUtilTimeout: 10_000 })

const preview: Preview = {
  tags: ['autodocs'],
  loaders: [loadScenario],
  afterEach: expectAtRest,
  decorators: [
    withScenario,
    (Story, { globals, parameters, viewMode }) => (
      <div
        className="story"
        data-story-view={viewMode}
        dir={globals.dir}
        lang={globals.locale}
        data-cg-theme={globals.mode}
        data-cg-density={globals.density === 'comfortable' ? undefined : globals.density}
        data-story-theme={globals.theme}
        data-story-layout={parameters.wide ? 'wide' : 'padded'}
      >
        <div className="story-frame" style={{ '--story-width': parameters.width ?? '46rem' } as React.CSSProperties}>
          <Story />
        </div>
      </div>
    ),
  ],
  initialGlobals: { mode: 'light', theme: 'default', dir: 'ltr', density: 'comfortable', locale: 'en' },
  globalTypes: {
    mode: { toolbar: { title: 'Light or dark', icon: 'mirror', items: ['light', 'dark'], dynamicTitle: true } },
    theme: {
      toolbar: {
        title: 'Theme',
        icon: 'paintbrush',
        items: ['default', 'neutral', 'material', 'contrast', 'brand'],
        dynamicTitle: true,
      },
    },
    dir: { toolbar: { title: 'Direction', icon: 'transfer', items: ['ltr', 'rtl'], dynamicTitle: true } },
    density: {
      toolbar: { title: 'Density', icon: 'component', items: ['compact', 'comfortable', 'touch'], dynamicTitle: true },
    },
    locale: {
      toolbar: {
        title: 'Language',
        icon: 'globe',
        items: ['en', 'es', 'fr', 'de', 'pt-BR', 'zh-CN', 'ja', 'ar'],
        dynamicTitle: true,
      },
    },
  },
  parameters: {
    layout: 'fullscreen',
    // An axe violation fails the run.
    a11y: { test: 'error' },
    // The call of a story is fixed, because another id has no scenario.
    controls: { expanded: true, exclude: /^(callId|children|ref|searchRef)$/ },
    docs: { page: DocsPage },
    options: {
      storySort: {
        order: [
          'Welcome',
          'Guides',
          [
            'Concepts',
            'Quick start',
            'Hooks',
            'Embed',
            'Server',
            'Theming',
            'Headless parts',
            'Testing',
            'Accessibility',
            'Operations',
            'Troubleshooting',
            'CRM',
            'Replay',
          ],
          'Whole console',
          'Recipes',
          'Hooks playground',
          'Theme gallery',
          'Panel',
          ['GatherPanel', 'When things go wrong', 'Shortcuts'],
          'Gathers',
          ['GatherControls', 'GatherFields', 'Collected'],
          'Digits',
          'Conversation',
          ['Transcript', 'AssistantBar'],
          'Call',
          ['CallList', 'CallWall', 'CallTimeline', 'WrapUp', 'ConnectionStatus'],
        ],
      },
    },
  },
}

export default preview
