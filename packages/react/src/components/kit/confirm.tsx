import { Button } from './button.tsx'

/** Asks for confirmation before something is stopped. Escape cancels. */
export function Confirm({
  label,
  question,
  stop,
  keep,
  onStop,
  onKeep,
}: {
  readonly label: string
  readonly question: string
  readonly stop: string
  readonly keep: string
  readonly onStop: () => void
  readonly onKeep: () => void
}) {
  return (
    <div
      className="cg-confirm"
      role="alertdialog"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        onKeep()
      }}
    >
      <p>{question}</p>
      <Button variant="danger" autoFocus onClick={onStop}>
        {stop}
      </Button>
      <Button onClick={onKeep}>{keep}</Button>
    </div>
  )
}
