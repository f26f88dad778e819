import { AskCaller, CallScope, Collected, CurrentGather } from '@callgather/react'
import type { CSSProperties, ReactNode } from 'react'
import '@callgather/react/styles.css'

/** MUI writes its theme as these variables with `createTheme({ cssVariables: true })`. Put this element below it. */
const theme = {
  '--cg-accent': 'var(--mui-palette-primary-main)',
  '--cg-ai': 'var(--mui-palette-secondary-main)',
  '--cg-positive': 'var(--mui-palette-success-main)',
  '--cg-warning': 'var(--mui-palette-warning-main)',
  '--cg-negative': 'var(--mui-palette-error-main)',
  '--cg-text': 'var(--mui-palette-text-primary)',
  '--cg-muted': 'var(--mui-palette-text-secondary)',
  '--cg-surface': 'var(--mui-palette-background-paper)',
  '--cg-sunken': 'var(--mui-palette-background-default)',
  '--cg-line': 'var(--mui-palette-divider)',
  '--cg-radius': 'var(--mui-shape-borderRadius)',
}

export function MuiCards({ callId }: { readonly callId: string }) {
  return (
    <MuiTheme>
      <CallScope callId={callId}>
        <div style={{ ...(theme as CSSProperties), display: 'grid', gap: 16 }}>
          <CurrentGather />
          <AskCaller />
          <Collected />
        </div>
      </CallScope>
    </MuiTheme>
  )
}

/** Stands for MUI's `ThemeProvider`, with the values of its default theme. MUI itself is not installed here. */
function MuiTheme({ children }: { readonly children: ReactNode }) {
  return <div style={defaultTheme as CSSProperties}>{children}</div>
}

const defaultTheme = {
  '--mui-palette-primary-main': 'light-dark(#1976d2, #90caf9)',
  '--mui-palette-secondary-main': 'light-dark(#9c27b0, #ce93d8)',
  '--mui-palette-success-main': 'light-dark(#2e7d32, #66bb6a)',
  '--mui-palette-warning-main': 'light-dark(#ed6c02, #ffa726)',
  '--mui-palette-error-main': 'light-dark(#d32f2f, #f44336)',
  '--mui-palette-text-primary': 'light-dark(rgb(0 0 0 / 0.87), #fff)',
  '--mui-palette-text-secondary': 'light-dark(rgb(0 0 0 / 0.6), rgb(255 255 255 / 0.7))',
  '--mui-palette-background-paper': 'light-dark(#fff, #121212)',
  '--mui-palette-background-default': 'light-dark(#fff, #121212)',
  '--mui-palette-divider': 'light-dark(rgb(0 0 0 / 0.12), rgb(255 255 255 / 0.12))',
  '--mui-shape-borderRadius': '4px',
}
