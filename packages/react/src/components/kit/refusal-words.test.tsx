import { errorTable } from '@callgather/protocol'
import { renderHook } from '@testing-library/react'
import { expect, test } from 'vitest'
import { useLanguage } from '../../strings/strings-context.tsx'
import { GATHER_IN_PROGRESS, refusalWords } from './refusal-words.ts'

const { result } = renderHook(() => useLanguage())
const language = result.current

test.each([
  ['telnyx', 422, '10015', 'Telnyx refused this request.'],
  ['telnyx', 429, '10011', 'Telnyx is busy. Wait a moment, then try again.'],
  ['telnyx', 422, '90018', 'The call has already ended.'],
  ['server', 422, '90018', 'The call has already ended.'],
  ['server', 422, '90034', 'The call hasn’t been answered yet.'],
  ['server', 400, '10015', 'The server’s rules don’t allow this.'],
  ['server', 422, '10033', 'The server can’t accept this request as it is.'],
  ['server', 429, '10011', 'Too many requests. Wait a moment, then try again.'],
  ['server', 403, '10010', 'You don’t have permission to do this on this call.'],
  ['server', 404, '10005', 'This call doesn’t exist, or you don’t have permission.'],
  ['server', 426, '10015', 'This page doesn’t match the server. Reload it.'],
  ['server', 503, '10007', 'The server is temporarily unavailable. Try again in a moment.'],
  ['telnyx', 503, '10007', 'The server is temporarily unavailable. Try again in a moment.'],
] as const)('describes a command refused by %s with status %i and code %s as "%s"', (by, status, code, title) => {
  const words = refusalWords({ by, status, code, detail: 'The `audio_url` is not allowed.' }, language)
  expect(words).toEqual({ title, detail: `The audio_url is not allowed. · Code ${code}` })
})

test('`GATHER_IN_PROGRESS` equals the code of `gatherInProgress` in the error table of the protocol', () => {
  expect(GATHER_IN_PROGRESS).toBe(errorTable.gatherInProgress.code)
})
