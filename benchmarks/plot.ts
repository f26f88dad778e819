/** Draws a few series over one axis, each in a panel of its own, as SVG. */

export interface Plot {
  readonly title: string
  readonly x: { readonly label: string; readonly values: readonly number[] }
  readonly panels: readonly { readonly label: string; readonly values: readonly number[] }[]
}

const WIDTH = 720
const PANEL = 120
const LEFT = 64
const RIGHT = 16
const TOP = 64
const GAP = 40
const TICKS = 4

/** A plot as an SVG document, readable on light and dark. Each panel begins at zero. */
export function plot({ title, x, panels }: Plot): string {
  const bottom = TOP + panels.length * (PANEL + GAP) - GAP
  const most = Math.max(...x.values)
  const across = (value: number) => LEFT + (value / most) * (WIDTH - LEFT - RIGHT)
  const parts = panels.map(({ label, values }, index) => {
    const top = TOP + index * (PANEL + GAP)
    const step = roundStep(Math.max(...values))
    const peak = step * TICKS
    const down = (value: number) => (top + PANEL - (value / peak) * PANEL).toFixed(1)
    const line = values.map((value, nth) => `${across(x.values[nth] ?? 0).toFixed(1)},${down(value)}`)
    const ticks = Array.from({ length: TICKS + 1 }, (_, nth) => nth * step).map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${down(value)}" y2="${down(value)}" opacity=".25"/>` +
        `<text x="${LEFT - 8}" y="${Number(down(value)) + 4}" text-anchor="end" stroke="none">${short(value)}</text>`,
    )
    return `<g><text x="${LEFT}" y="${top - 10}" stroke="none" font-weight="600">${label}</text>${ticks.join('')}<polyline points="${line.join(' ')}" fill="none" stroke="#3b82f6" stroke-width="2" stroke-linejoin="round"/></g>`
  })
  const step = roundStep(most)
  const times = Array.from({ length: Math.floor(most / step) + 1 }, (_, nth) => nth * step).map(
    (value) =>
      `<text x="${across(value)}" y="${bottom + 18}" text-anchor="middle" stroke="none">${short(value)}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 44}" font-family="system-ui, sans-serif" font-size="12" fill="#6b7280" stroke="#6b7280" role="img" aria-label="${title}">
<text x="${LEFT}" y="22" font-size="15" stroke="none">${title}</text>
${parts.join('\n')}
${times.join('')}
<text x="${WIDTH - RIGHT}" y="${bottom + 36}" text-anchor="end" stroke="none">${x.label}</text>
</svg>
`
}

/** A step of 1, 2, 2.5 or 5 times a power of ten, of which four reach a value. */
function roundStep(value: number): number {
  const least = value / TICKS || 1
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 2.5, 5, 10].find((each) => each * power >= least) ?? 10) * power
}

const short = (value: number) => Number(value.toPrecision(3)).toLocaleString('en')
