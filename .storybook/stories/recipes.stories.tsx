import type { Meta, StoryObj } from '@storybook/react-vite'
import bootstrap from 'bootstrap/dist/css/bootstrap.css?inline'
import { useCallback } from 'react'
import { expect, userEvent } from 'storybook/test'
import { BootstrapDesk } from './recipes/bootstrap.tsx'
import bootstrapSource from './recipes/bootstrap.tsx?raw'
import { FramePanel } from './recipes/iframe.tsx'
import iframeSource from './recipes/iframe.tsx?raw'
import { MuiCards } from './recipes/mui.tsx'
import muiSource from './recipes/mui.tsx?raw'
import { OwnConsole } from './recipes/own-console.tsx'
import ownConsoleSource from './recipes/own-console.tsx?raw'
import { OwnPresets } from './recipes/presets.tsx'
import presetsSource from './recipes/presets.tsx?raw'
import { ShadowPanel } from './recipes/shadow-root.tsx'
import shadowRootSource from './recipes/shadow-root.tsx?raw'
import tailwind from './recipes/tailwind.css?inline'
import tailwindSheet from './recipes/tailwind.css?raw'
import { TailwindCards } from './recipes/tailwind.tsx'
import tailwindSource from './recipes/tailwind.tsx?raw'
import { PanelWithWrapUp } from './recipes/wrap-up.tsx'
import wrapUpSource from './recipes/wrap-up.tsx?raw'
import { HALF_PIN_MS, sampleCall } from './sample-call.ts'

const { callId } = sampleCall

/** Whole files to copy: the panel "Code" of each story, or "Show code" on this page. */
const meta = {
  title: 'Recipes',
  parameters: { scenario: sampleCall, at: HALF_PIN_MS, docs: { codePanel: true } },
} satisfies Meta

export default meta
type Story = StoryObj<typeof meta>

const docs = (code: string) => ({ codePanel: true, source: { code, language: 'tsx' } })
/** The style sheet of a framework styles the whole page, so the story has a page of its own. */
const ownPage = (code: string, height: string) => ({ ...docs(code), story: { inline: false, height } })

/** A console of your own markup, from the hooks alone. It has no style, so that you see what is yours. */
export const OwnConsoleFromHooks: Story = {
  parameters: {
    shows: ['Connection: live', 'Ada Lovelace', 'PIN', '••', 'Account number: 40718832'],
    docs: docs(ownConsoleSource),
  },
  render: () => <OwnConsole />,
}

/** Presets of your own: keys with a terminating key, a card number of which four digits are shown, and fields by AI. */
export const Presets: Story = {
  parameters: { shows: ['Member number', 'Card number', 'Delivery'], at: 2200, docs: docs(presetsSource) },
  render: () => <OwnPresets callId={callId} />,
}

/** The wrap-up below the panel, with your results, saved in your system. */
export const WrapUp: Story = {
  parameters: { shows: ['Ended', 'Wrap-up', 'Finish'], at: 'end', wide: true, docs: docs(wrapUpSource) },
  render: () => <PanelWithWrapUp callId={callId} />,
}

/** Bootstrap's own style sheet on the page, and its variables as the theme of the components. */
export const Bootstrap: Story = {
  parameters: { shows: ['Agent desk', 'PIN', 'Collected'], wide: true, docs: ownPage(bootstrapSource, '42rem') },
  render: (_, { globals }) => (
    <div data-bs-theme={globals.mode}>
      <style>{bootstrap}</style>
      <BootstrapDesk />
    </div>
  ),
  play: async ({ canvas }) => {
    await userEvent.click(await canvas.findByRole('button', { name: /Ada Lovelace/ }))
    await expect(await canvas.findByRole('article')).toBeVisible()
  },
}

/** Tailwind 4: its utilities around the components, and its colours inside them. */
export const Tailwind: Story = {
  parameters: {
    shows: ['Agent desk', 'PIN', '40718832'],
    wide: true,
    docs: ownPage(`/* tailwind.css\n${tailwindSheet}*/\n\n${tailwindSource}`, '36rem'),
  },
  render: () => (
    <>
      <style>{tailwind}</style>
      <TailwindCards callId={callId} />
    </>
  ),
}

/** MUI: the variables of its theme as the theme of the components, in light and dark. */
export const Mui: Story = {
  name: 'MUI',
  parameters: { shows: ['PIN', '40718832'], docs: docs(muiSource) },
  render: () => <MuiCards callId={callId} />,
}

/** The panel in a shadow root. Styles of the page stop at the root. */
export const ShadowRoot: Story = {
  parameters: { shows: ['Ada Lovelace', 'PIN', '40718832'], wide: true, docs: docs(shadowRootSource) },
  render: () => <ShadowPanel callId={callId} />,
}

function Frame({ src, ticket }: { readonly src: string; readonly ticket: string }) {
  const getTicket = useCallback(() => ticket, [ticket])
  if (src) return <FramePanel src={src} getTicket={getTicket} />
  return <p>The CallGather server has the page of the frame. Set its address and a ticket in the controls.</p>
}

/** The panel in an iframe, mounted by a React application. With the address of your server, it is live. */
export const Iframe: StoryObj<typeof Frame> = {
  args: { src: '', ticket: '' },
  parameters: { shows: 'The CallGather server has the page of the frame.', wide: true, docs: docs(iframeSource) },
  render: (args) => <Frame {...args} />,
}
