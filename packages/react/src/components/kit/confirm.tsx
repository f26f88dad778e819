import { Button } from './button.tsx'

/** Asks the agent to confirm that a gather or an assistant should stop. Escape cancels. */
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
