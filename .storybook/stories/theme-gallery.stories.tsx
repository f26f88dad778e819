import { AskCaller, CallScope, Collected, CurrentGather } from '@callgather/react'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { HALF_PIN_MS, sampleCall } from './sample-call.ts'

const themes = ['default', 'neutral', 'material', 'contrast', 'brand']
const modes = ['light', 'dark']

function ThemeGallery() {
  return (
    <CallScope callId={sampleCall.callId}>
      <div className="story-gallery">
        {themes.flatMap((theme) =>
          modes.map((mode) => (
            <section key={`${theme} ${mode}`} className="story-swatch" data-story-theme={theme} data-cg-theme={mode}>
              <h2>
                {theme}, {mode}
              </h2>
              <CurrentGather />
              <AskCaller />
              <Collected />
            </section>
          )),
        )}
      </div>
    </CallScope>
  )
}

const meta = {
  title: 'Theme gallery',
  component: ThemeGallery,
  tags: ['!autodocs'],
  parameters: {
    scenario: sampleCall,
    at: HALF_PIN_MS,
    wide: true,
    // The same cards stand side by side, so their landmarks have the same names.
    a11y: { config: { rules: [{ id: 'landmark-unique', enabled: false }] } },
  },
} satisfies Meta<typeof ThemeGallery>

export default meta
type Story = StoryObj<typeof meta>

/** The example themes of the toolbar, each in light and dark. Their variables are in `.storybook/themes.css`. */
export const AllThemes: Story = {
  parameters: { shows: [...themes.flatMap((theme) => modes.map((mode) => `${theme}, ${mode}`)), '40718832'] },
}
