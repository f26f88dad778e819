import type { StorybookConfig } from '@storybook/react-vite'
import remarkGfm from 'remark-gfm'
import { mergeConfig } from 'vite'

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../docs/**/*.mdx', '../packages/react/src/**/*.stories.tsx'],
  addons: [
    // The guides are written with tables, which MDX leaves to GitHub's flavour of Markdown.
    {
      name: '@storybook/addon-docs',
      options: { mdxPluginOptions: { mdxCompileOptions: { remarkPlugins: [remarkGfm] } } },
    },
    '@storybook/addon-a11y',
    '@storybook/addon-vitest',
  ],
  core: { disableTelemetry: true, enableCrashReports: false, disableWhatsNewNotifications: true },
  // Props are described by their own types and comments.
  typescript: { reactDocgen: 'react-docgen-typescript' },
  // The stories show the sources, not the last build.
  viteFinal: (vite) =>
    mergeConfig(vite, {
      resolve: { conditions: ['callgather:source', 'module', 'browser', 'development|production'] },
    }),
}

export default config
