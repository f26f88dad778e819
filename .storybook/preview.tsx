import type { Preview } from '@storybook/react-vite'

const preview: Preview = {
  tags: ['autodocs'],
  parameters: {
    // An axe violation fails the run.
    a11y: { test: 'error' },
  },
}

export default preview
