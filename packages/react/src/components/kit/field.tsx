import { type ComponentProps, type ReactNode, useId } from 'react'
import { Icon } from './icon.tsx'

/** The props that a `Field` passes to its control. */
type Control = Pick<ComponentProps<'input'>, 'className' | 'aria-invalid' | 'aria-describedby'> & {
  readonly id: string
}

/** A form control with its label. Below it is the problem with the input or, if there is none, the hint. */
export function Field({
  id: given,
  label,
  hint,
  problem,
  wide,
  children,
}: {
  readonly id?: string
  readonly label: string
  readonly hint: string | null
  readonly problem?: string | null
  readonly wide?: boolean
  readonly children: (control: Control) => ReactNode
}) {
  const own = useId()
  const id = given ?? own
  const note = `${id}-note`
  return (
    <div className="cg-field" data-wide={wide ? '' : undefined}>
      <label className="cg-label" htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        className: 'cg-input',
        'aria-invalid': problem ? true : undefined,
        'aria-describedby': problem || hint ? note : undefined,
      })}
      {problem ? (
        <Problem id={note}>{problem}</Problem>
      ) : (
        hint && (
          <p className="cg-hint" id={note}>
            {hint}
          </p>
        )
      )}
    </div>
  )
}

/** A text that describes a problem with an input. */
export const Problem = ({ children, ...props }: ComponentProps<'p'>) => (
  <p className="cg-problem" {...props}>
    <Icon name="alert" />
    {children}
  </p>
)
