import type { StorybookConfig } from '@storybook/react-vite'
import { mergeConfig } from 'vite'

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../packages/react/src/**/*.stories.tsx'],
  addons: ['@storybook/addon-docs', '@storybook/addon-a11y', '@storybook/addon-vitest'],
  core: { disableTelemetry: true, enableCrashReports: false, disableWhatsNewNotifications: true },
  // The stories show the sources, not the last build.
  viteFinal: (vite) =>
    mergeConfig(vite, {
      resolve: { conditions: ['callgather:source', 'module', 'browser', 'development|production'] },
    }),
}

export default config
