import { describe, expect, it } from 'vitest'
import type { Attempt, Delivery } from './delivery.ts'
import { createExplainer, explainAttempt } from './explain.ts'

const options = { publicKey: 'PUBLIC=', timeoutMs: 2000 }
const URL_OF_PROGRAM = 'http://127.0.0.1:3000/hooks'

function attempt(change: Partial<Attempt> & { url?: string }): Attempt {
  const { url = URL_OF_PROGRAM } = change
  return {
    number: 1,
    url,
    started_at: '',
    finished_at: '',
    status: 'failed',
    request: { method: 'POST', url, headers: {}, body: '{}' },
    response: null,
    error: null,
    fault: null,
    ...change,
  }
}
const answer = (status: number, body = '', headers: Record<string, string> = {}) =>
  attempt({ status: status < 300 ? 'delivered' : 'failed', response: { status, headers, body } })
const failure = (error: string, url = URL_OF_PROGRAM) => attempt({ error, url })

const rows: [what: string, attempt: Attempt, words: string[]][] = [
  ['401', answer(401), ['rejects the signature', 'TELNYX_PUBLIC_KEY=PUBLIC=', 'raw body', 'webhooks_ed25519']],
  ['403', answer(403), ['rejects the signature']],
  ['400 whose body names the signature', answer(400, 'Invalid Ed25519 data'), ['rejects the signature']],
  ['500 whose body names the signature', answer(500, 'Error: no matching signature'), ['rejects the signature']],
  ['500 of the Python SDK without Ed25519', answer(500, 'Missing required headers'), ['webhooks_ed25519']],
  [
    '401 to an indented body',
    { ...answer(401), request: { method: 'POST', url: URL_OF_PROGRAM, headers: {}, body: '{\n}' } },
    ['This body is indented'],
  ],
  ['404', answer(404), ['no route POST /hooks', '--webhook-url']],
  ['405', answer(405), ['/hooks does not accept POST', '--webhook-url']],
  ['400', answer(400), ['body parser']],
  ['415', answer(415), ['body parser', 'application/json']],
  ['422', answer(422), ['body parser']],
  ['413', answer(413), ['size limit']],
  ['302', answer(302, '', { location: '/hooks/' }), ['a redirect to /hooks/', 'does not follow redirects']],
  ['304 without a location', answer(304), ['a redirect. Telnyx']],
  ['500', answer(500), ['See its log', 'TELNYX_PUBLIC_KEY=PUBLIC=']],
  ['a timeout', failure('no answer within 2000 ms'), ['2000 ms', 'Answer 200 first']],
  ['a refused connection', failure('connect ECONNREFUSED 127.0.0.1:3000'), ['Nothing listens on 127.0.0.1:3000']],
  ['a broken connection', failure('socket hang up'), ['closed the connection']],
  [
    'https to a plain port',
    failure('write EPROTO wrong version number', 'https://127.0.0.1:3000/hooks'),
    ['http://127.0.0.1:3000/hooks'],
  ],
  ['an untrusted certificate', failure('self-signed certificate', 'https://127.0.0.1/'), ['not trusted']],
  ['a TeXML body', answer(200, '<?xml version="1.0"?>\n<Response><Say>Hi</Say></Response>'), ['ignores the body']],
  ['a JSON command body', answer(200, '{"commands":[{"speak":{}}]}'), ['ignores the body', '/actions/']],
  ['a list of commands', answer(200, '[{"command":"answer"}]'), ['ignores the body']],
  ['a web page', answer(200, '<!DOCTYPE html><title>App</title>'), ['a web page']],
]

const silent: [what: string, attempt: Attempt][] = [
  ['a plain 200', answer(200, 'ok')],
  ['a JSON acknowledgement', answer(200, '{"received":true,"status":"ok"}')],
  ['broken JSON', answer(200, '{"command"')],
  ['204', answer(204)],
  ['429', answer(429)],
  ['a pending attempt', attempt({ status: 'pending' })],
  ['a forged copy', { ...answer(401), fault: 'wrongKey' }],
  ['a target that is not allowed', failure('Webhooks stay on this machine')],
  ['an in-process receiver that threw', failure('boom', 'http://in-process.invalid/webhooks')],
]

const delivery = (last: Attempt): Delivery => ({
  id: '1',
  call_control_id: 'v3:x',
  event: { record_type: 'event', event_type: 'call.initiated', id: '1', occurred_at: '', payload: {} },
  method: 'POST',
  url: last.url,
  failover_url: null,
  status: 'pending',
  started_at: '',
  finished_at: null,
  attempts: [last],
  faults: [],
})

describe('the explanation of a webhook attempt', () => {
  it.each(rows)('explains %s in one line', (_, tried, words) => {
    const { text } = explainAttempt(tried, options) ?? { text: '' }
    for (const word of words) expect(text).toContain(word)
    expect(text).not.toContain('\n')
  })

  it.each(silent)('does not explain %s', (_, tried) => {
    expect(explainAttempt(tried, options)).toBeNull()
  })

  it('explains a cause once per URL, and again when the cause changes', () => {
    const explain = createExplainer(options)
    const other = { ...answer(401), url: 'http://127.0.0.1:3000/other' }
    const tried = [answer(401), answer(403), answer(200, 'ok'), answer(401), other, answer(404), answer(401)]
    expect(tried.map((one) => explain(delivery(one)) !== null)).toEqual([true, false, false, false, true, true, true])
  })

  it('does not explain a delivery again when it ends', () => {
    const ended = { ...delivery(answer(401)), finished_at: '2026-01-01T00:00:00Z' }
    expect(createExplainer(options)(ended)).toBeNull()
  })
})
