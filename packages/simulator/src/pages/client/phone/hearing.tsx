/** @jsxImportSource preact */
/** Shows the input that the platform collects on the selected call. */
import type { CallView, Collecting } from '../simulator.ts'
import type { HeardFields } from './phone-state.ts'

export function Hearing({ call, heard }: { call: CallView | undefined; heard: HeardFields | undefined }) {
  const collecting = call?.collecting ?? null
  return (
    <section class="card hearing" aria-labelledby="hearing-title">
      <header>
        <h2 id="hearing-title">What the platform hears</h2>
        {collecting !== null && <code class="pill blue">{collecting.command}</code>}
      </header>
      {collecting === null && heard === undefined && (
        <p class="empty">
          {call?.state === 'answered'
            ? 'The platform is not collecting input. Keys still reach the program.'
            : 'Nothing yet.'}
        </p>
      )}
      {collecting?.kind === 'digits' && <Digits collecting={collecting} />}
      {collecting !== null && collecting.kind !== 'digits' && (
        <p class="note">
          {collecting.kind === 'ai_gather'
            ? 'The AI listens and fills the fields it was asked for.'
            : 'The AI assistant listens.'}
        </p>
      )}
      {heard !== undefined && <Fields fields={heard} />}
    </section>
  )
}

function Digits({ collecting }: { collecting: Extract<Collecting, { kind: 'digits' }> }) {
  const {
    digits,
    minimum_digits: least,
    maximum_digits: most,
    terminating_digit: end,
    attempt,
    maximum_tries: tries,
    valid_digits: valid,
    phase,
  } = collecting
  const room = most <= 16 ? most : Math.min(16, Math.max(least, digits.length + 1))
  return (
    <>
      <ol class="slots" aria-label={`${digits.length} of ${least === most ? most : `${least} to ${most}`} digits`}>
        {Array.from({ length: Math.max(room, digits.length) }, (_, index) => (
          <li
            key={index}
            data-filled={digits[index] === undefined ? undefined : ''}
            data-next={index === digits.length && phase !== 'prompt' ? '' : undefined}
            data-wrong={digits[index] !== undefined && !valid.includes(digits[index] ?? '') ? '' : undefined}
          >
            {digits[index] ?? ''}
          </li>
        ))}
        {end !== '' && <li class="end">{end}</li>}
      </ol>
      <p class="note">
        {least === most ? `${most} digits` : most >= 128 ? `at least ${least}` : `${least} to ${most} digits`}
        {end !== '' && (
          <>
            {' '}
            · ends with <kbd>{end}</kbd>
          </>
        )}
        {tries > 1 && ` · attempt ${attempt} of ${tries}`}
        {valid !== '0123456789#*' && ` · only ${valid}`}
      </p>
    </>
  )
}

function Fields({ fields }: { fields: HeardFields }) {
  return (
    <dl class="fields">
      {Object.entries(fields).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  )
}
