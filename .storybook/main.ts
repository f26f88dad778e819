import type { StorybookConfig } from '@storybook/react-vite'
import tailwindcss from '@tailwindcss/vite'
import remarkGfm from 'remark-gfm'
import { mergeConfig } from 'vite'

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../docs/**/*.mdx', './stories/*.stories.tsx', '../packages/react/src/**/*.stories.tsx'],
  addons: [
    // MDX needs a plugin for the tables in the guides.
    {
      name: '@storybook/addon-docs',
      options: { mdxPluginOptions: { mdxCompileOptions: { remarkPlugins: [remarkGfm] } } },
    },
    '@storybook/addon-a11y',
    '@storybook/addon-vitest',
  ],
  core: { disableTelemetry: true, enableCrashReports: false, disableWhatsNewNotifications: true },
  // Reads prop descriptions from types and comments.
  typescript: { reactDocgen: 'react-docgen-typescript' },
  // Stories use the sources instead of the last build.
  viteFinal: (vite) =>
    mergeConfig(vite, {
      // Compiles the style sheet of the Tailwind recipe.
      plugins: [tailwindcss()],
      resolve: { conditions: ['callgather:source', 'module', 'browser', 'development|production'] },
      // Otherwise Vite finds it while stories run, and reloads the page under a test.
      optimizeDeps: { include: ['@callgather/react > idb-keyval'] },
    }),
}

export default config
