/** Draws a few series over one axis, each in a panel of its own, as SVG. */

export interface Plot {
  readonly title: string
  readonly x: { readonly label: string; readonly values: readonly number[] }
  readonly panels: readonly { readonly label: string; readonly values: readonly number[] }[]
}

const WIDTH = 720
const PANEL = 130
const LEFT = 64
const RIGHT = 16
const TOP = 40
const GAP = 34

/** A plot as an SVG document, readable on light and dark. Each panel begins at zero. */
export function plot({ title, x, panels }: Plot): string {
  const height = TOP + panels.length * (PANEL + GAP) + 20
  const most = Math.max(...x.values)
  const across = (value: number) => LEFT + (value / most) * (WIDTH - LEFT - RIGHT)
  const parts = panels.map(({ label, values }, index) => {
    const top = TOP + index * (PANEL + GAP)
    const peak = Math.max(...values) * 1.1
    const down = (value: number) => top + PANEL - (value / peak) * PANEL
    const line = values.map((value, nth) => `${across(x.values[nth] ?? 0).toFixed(1)},${down(value).toFixed(1)}`)
    const ticks = [0, peak / 2, peak].map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${down(value)}" y2="${down(value)}" opacity=".2"/>` +
        `<text x="${LEFT - 8}" y="${down(value) + 4}" text-anchor="end" stroke="none">${value.toPrecision(3)}</text>`,
    )
    return `<g><text x="${LEFT}" y="${top - 8}" stroke="none">${label}</text>${ticks.join('')}<polyline points="${line.join(' ')}" fill="none" stroke="#3b82f6" stroke-width="2"/></g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#6b7280" stroke="#6b7280" role="img" aria-label="${title}">
<text x="${LEFT}" y="16" font-size="14" stroke="none">${title}</text>
${parts.join('\n')}
<text x="${WIDTH - RIGHT}" y="${height - 6}" text-anchor="end" stroke="none">${x.label}: 0 to ${most.toFixed(0)}</text>
</svg>
`
}
