/**
 * Calls the host application's callbacks: `authenticate`, `authorize`, policy functions, `onSensitive`, event handlers,
 * audit and log sinks. A callback may throw, reject, hang or return anything; the caller gets a valid value or a
 * `HostCallbackError` before a deadline. Each failure is logged and counted once.
 */
import type { Logger, LogLine } from './logger.ts'

/** The names of the host's callbacks in metrics and logs. */
export type HostCallbackName =
  | 'authenticate'
  | 'authorize'
  | 'mask'
  | 'onSensitive'
  | 'handler'
  | 'auditSink'
  | 'logger'

/** A host callback threw, rejected, missed its deadline or returned an invalid value. */
export class HostCallbackError extends Error {
  override readonly name = 'HostCallbackError'
  readonly callback: HostCallbackName
  readonly reason: 'failed' | 'timeout' | 'invalid'

  constructor(callback: HostCallbackName, reason: 'failed' | 'timeout' | 'invalid', options?: ErrorOptions) {
    super(`The host's \`${callback}\` ${reasons[reason]}.`, options)
    this.callback = callback
    this.reason = reason
  }
}

const reasons = {
  failed: 'threw or rejected',
  timeout: 'did not settle before its deadline',
  invalid: 'returned a value of the wrong shape',
} as const

/** The default deadline of a callback. */
export const DEFAULT_HOST_DEADLINE_MS = 3_000

/** Calls the host's callbacks. */
export class HostCallbacks {
  readonly #logger: Logger
  readonly #countFailure: (callback: HostCallbackName, reason: HostCallbackError['reason']) => void
  /** How long a callback may take, in milliseconds, unless `call` gets another deadline. */
  readonly deadlineMs: number

  constructor(deps: {
    logger: Logger
    deadlineMs?: number | undefined
    countFailure: (callback: HostCallbackName, reason: HostCallbackError['reason']) => void
  }) {
    this.#logger = deps.logger
    this.#countFailure = deps.countFailure
    this.deadlineMs = deps.deadlineMs ?? DEFAULT_HOST_DEADLINE_MS
  }

  /**
   * Runs a host callback.
   *
   * @param isValid Checks the returned value. Default: any value is valid.
   * @throws HostCallbackError when the callback fails, after one log line and one count.
   */
  async call<T>(
    callback: HostCallbackName,
    run: () => T | PromiseLike<T>,
    {
      deadlineMs = this.deadlineMs,
      isValid = () => true,
    }: { deadlineMs?: number; isValid?: (value: T) => boolean } = {},
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    try {
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new HostCallbackError(callback, 'timeout')), deadlineMs)
        timer.unref()
      })
      const value = await Promise.race([Promise.resolve().then(run), deadline])
      if (!isValid(value)) throw new HostCallbackError(callback, 'invalid')
      return value
    } catch (error) {
      throw this.#report(callback, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #report(callback: HostCallbackName, error: unknown): HostCallbackError {
    const failure = isHostCallbackError(error) ? error : new HostCallbackError(callback, 'failed', { cause: error })
    this.#countFailure(callback, failure.reason)
    // The host's error may quote digits, so only the name of its class is logged.
    const cause = failure === error ? undefined : errorName(error)
    this.#logger.error({ callback, reason: failure.reason, cause }, 'a callback of the host application failed')
    return failure
  }
}

const CLASS_NAME = /^[A-Za-z_$][\w$]{0,63}$/

/** Whether an error is a `HostCallbackError` that this module created. */
function isHostCallbackError(error: unknown): error is HostCallbackError {
  try {
    return error instanceof HostCallbackError
  } catch {
    return false
  }
}

/** Returns the name of an error's class; `undefined` if reading it throws, as the host may throw any value. */
function errorName(error: unknown): string | undefined {
  try {
    const name: unknown = error instanceof Error ? error.name : undefined
    return typeof name === 'string' && CLASS_NAME.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

/** Wraps the host's logger, so that a failing log call can't crash the process. */
export function guardLogger(logger: Logger, failed: () => void): Logger {
  const guarded =
    (level: keyof Logger): LogLine =>
    (fields, message) => {
      try {
        const returned: unknown = logger[level](fields, message)
        if (returned !== undefined) Promise.resolve(returned).catch(failed)
      } catch {
        failed()
      }
    }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
