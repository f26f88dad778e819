/** The examples stay small, and the guide shows their policies. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blocksOf } from '@callgather/test-kit/documents'
import { describe, expect, it } from 'vitest'
import policies from './policies.json' with { type: 'json' }

const here = fileURLToPath(new URL('.', import.meta.url))
const path = 'docs/guides/embed.mdx'
const guide = { path, text: readFileSync(join(here, '../..', path), 'utf8') }

/** The files that a host writes for each example, without the configuration of its tools. */
const hostCode: Readonly<Record<string, readonly string[]>> = {
  html: ['html/index.html', 'html/desk.js'],
  vue: ['vue/index.html', 'vue/src/main.ts', 'vue/src/App.vue', 'vue/src/ticket.ts'],
  'vue, the client alone': ['vue/src/use-call-feed.ts', 'vue/src/LiveDigits.vue'],
  svelte: ['svelte/index.html', 'svelte/src/main.ts', 'svelte/src/App.svelte', 'svelte/src/ticket.ts'],
  'svelte, the client alone': ['svelte/src/call-feed.ts', 'svelte/src/LiveDigits.svelte'],
  angular: ['angular/src/index.html', 'angular/src/main.ts', 'angular/src/desk.ts', 'angular/src/ticket.ts'],
  'react-tailwind': ['react-tailwind/index.html', 'react-tailwind/src/main.tsx', 'react-tailwind/src/index.css'],
  iframe: ['iframe/index.html', 'iframe/desk.js'],
}

const read = (file: string) => readFileSync(join(here, file), 'utf8')
const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '')

describe('The examples of embedding', () => {
  it.each(Object.entries(hostCode))('need at most 40 lines of host code: %s', (_, files) => {
    expect(files.flatMap((file) => linesOf(read(file))).length).toBeLessThanOrEqual(40)
  })

  it.each(['vue/src/use-call-feed.ts', 'svelte/src/call-feed.ts'])(
    'adapt the client to a store in at most 20 lines: %s',
    (file) => {
      expect(linesOf(read(file)).length).toBeLessThanOrEqual(20)
    },
  )
})

describe('The guide to embedding', () => {
  it('shows the Content-Security-Policy of the examples', () => {
    const written = blocksOf(guide)
      .filter(({ language }) => language === 'http')
      .map(({ code }) => code.trim())
    const used = Object.values(policies).map((policy) =>
      `content-security-policy: ${policy}`
        .replaceAll('http://127.0.0.1:8787', 'https://calls.example.com')
        .replaceAll('ws://127.0.0.1:8787', 'wss://calls.example.com'),
    )
    expect(written.length).toBeGreaterThan(0)
    expect(written.filter((policy) => !used.includes(policy))).toEqual([])
  })
})
