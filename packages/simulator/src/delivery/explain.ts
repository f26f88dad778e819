/** Explains in one line why a program did not accept a webhook, and what to do. */
import type { Attempt, Delivery } from './delivery.ts'
import { isInProcess } from './target.ts'

/** Facts of the simulator that an explanation mentions. */
interface ExplainOptions {
  publicKey: string
  /** Timeout of the receiver's response, in milliseconds. */
  timeoutMs: number
}

/** A cause that is the same for similar attempts, and its explanation. */
interface Explanation {
  cause: string
  text: string
}

/** Creates a function that explains the last attempt of a delivery, or returns null. Repeats a URL only with a new cause. */
export function createExplainer(options: ExplainOptions): (delivery: Delivery) => string | null {
  const lastCauses = new Map<string, string>()
  return ({ attempts, finished_at }) => {
    const attempt = attempts.at(-1)
    if (!attempt || finished_at !== null) return null
    const explanation = explainAttempt(attempt, options)
    if (explanation === null || lastCauses.get(attempt.url) === explanation.cause) return null
    lastCauses.set(attempt.url, explanation.cause)
    return explanation.text
  }
}

/** Explains a finished attempt. Returns null for a plain success, and for an attempt that a fault changed. */
export function explainAttempt(attempt: Attempt, options: ExplainOptions): Explanation | null {
  const { status, response, error, fault } = attempt
  if (status === 'pending' || fault !== null) return null
  if (response) return explainResponse(attempt, response, options)
  return error === null ? null : explainError(attempt, error, options)
}

function explainError({ url, request }: Attempt, error: string, { timeoutMs }: ExplainOptions): Explanation | null {
  if (isInProcess(url)) return null
  const { origin, host } = new URL(request.url)
  if (error.startsWith('no answer within'))
    return {
      cause: 'timeout',
      text: `${url} did not answer within ${timeoutMs} ms. Telnyx then sends the webhook again. Answer 200 first, and do the work after it.`,
    }
  if (error.includes('ECONNREFUSED'))
    return {
      cause: 'refused',
      text: `Nothing listens on ${host}. Start the program, or set --webhook-url to its port.`,
    }
  if (error.includes('ECONNRESET') || error === 'socket hang up')
    return {
      cause: 'reset',
      text: `${url} closed the connection without an answer. See the log of the program: it may have crashed.`,
    }
  if (/EPROTO|wrong version number|packet length too long/i.test(error))
    return {
      cause: 'tls',
      text: `${origin} does not speak TLS. Set --webhook-url to http://${host}${new URL(url).pathname}.`,
    }
  if (/certificate/i.test(error))
    return {
      cause: 'certificate',
      text: `The certificate of ${origin} is not trusted. Set --webhook-url to an http URL of the program.`,
    }
  return null
}

function explainResponse(
  { url, request }: Attempt,
  { status, headers, body }: NonNullable<Attempt['response']>,
  { publicKey }: ExplainOptions,
): Explanation | null {
  const { method } = request
  const path = new URL(url).pathname
  if (status >= 200 && status < 300) return explainSuccess(url, status, body)
  const answered = `${url} answered ${status}`
  const isSignature =
    status === 401 || status === 403 || /signature|ed25519|public[ _-]?key|missing required headers/i.test(body)
  if (isSignature && status >= 400)
    return { cause: 'signature', text: `${answered}: ${signatureAdvice(publicKey, request.body)}` }
  if (status === 404)
    return {
      cause: '404',
      text: `${answered}: the program has no route ${method} ${path}. Add it, or set --webhook-url to the route that it has.`,
    }
  if (status === 405)
    return {
      cause: '405',
      text: `${answered}: the route ${path} does not accept ${method}. Declare it for ${method}, or set --webhook-url to another route.`,
    }
  if (status < 400) {
    const { location } = headers
    const target = location === undefined ? '' : ` to ${location}. Set --webhook-url to that address`
    return { cause: 'redirect', text: `${answered}, a redirect${target}. Telnyx does not follow redirects.` }
  }
  if (status === 408 || status === 429) return null
  if (status === 413)
    return {
      cause: '413',
      text: `${answered}: the webhook exceeds the size limit of its body parser. Raise the limit.`,
    }
  if (status < 500)
    return {
      cause: String(status),
      text: `${answered}: the program did not accept the body. Telnyx sends JSON as application/json: check the body parser and the fields that the program requires. A failed signature check may also look like this.`,
    }
  return {
    cause: '5xx',
    text: `${answered}: the program failed. See its log. If \`unwrap\` threw, set TELNYX_PUBLIC_KEY=${publicKey}.`,
  }
}

function signatureAdvice(publicKey: string, body: string): string {
  const raw = body.includes('\n')
    ? 'This body is indented, so a re-serialised body does not match its signature: verify the raw bytes'
    : 'Verify the raw body, not a re-serialised one'
  return `it probably rejects the signature. Set TELNYX_PUBLIC_KEY=${publicKey} in its environment. ${raw}. In Python, import telnyx.lib.webhooks_ed25519.`
}

/** Explains a success that is probably a mistake. Telnyx ignores the body of a response. */
function explainSuccess(url: string, status: number, body: string): Explanation | null {
  if (/^\s*<!doctype html|^\s*<html/i.test(body))
    return {
      cause: 'page',
      text: `${url} answered ${status} with a web page, so it may not be the webhook route. Check --webhook-url.`,
    }
  if (!isCommandBody(body)) return null
  return {
    cause: 'commands in the response',
    text: `${url} answered ${status} with commands in its body. Telnyx ignores the body: send commands to POST /v2/calls/{call_control_id}/actions/….`,
  }
}

const COMMAND_WORDS =
  /^(commands?|actions?|answer|say|speak|gather|gather_using_\w+|hangup|transfer|dial|play|playback_start|record_start)$/

function isCommandBody(body: string): boolean {
  if (/^\s*(<\?xml[^>]*>)?\s*<Response[\s/>]/i.test(body)) return true
  if (!/^\s*[[{]/.test(body)) return false
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return false
  }
  const [first] = [parsed].flat()
  return typeof first === 'object' && first !== null && Object.keys(first).some((name) => COMMAND_WORDS.test(name))
}
