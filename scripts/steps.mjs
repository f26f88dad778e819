// Runs the launcher's steps: one line of progress each, output only on failure, and no orphaned processes.
import { spawn } from 'node:child_process'

/** Exits with a message that says what failed and what to do. */
export function fail(what, todo) {
  process.stderr.write(`\n✗ ${what}\n${todo ? `  ${todo}\n` : ''}`)
  process.exit(1)
}

// Variables that npm sets would change the behaviour of pnpm.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
)

/** Returns the environment without npm's variables and with `directories` first on PATH. */
export function environmentWith(directories, extra = {}) {
  const separator = process.platform === 'win32' ? ';' : ':'
  return {
    ...environment,
    TURBO_TELEMETRY_DISABLED: '1',
    STORYBOOK_DISABLE_TELEMETRY: '1',
    ...extra,
    PATH: [...directories, process.env.PATH].join(separator),
  }
}

const children = new Set()

/** Starts a program that ends with this process. */
export function start(command, args, options) {
  const child = spawn(command, args, { ...options, shell: process.platform === 'win32' })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

function endChildren(signal = 'SIGTERM') {
  for (const child of children) child.kill(signal)
}

/** Ends all children on a signal or when npm ends, because npm does not forward signals. */
export function endWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    endChildren()
    process.exit(1)
  }, 1000)
  watch.unref()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      endChildren()
      setTimeout(() => process.exit(130), 3000).unref()
      if (children.size === 0) process.exit(130)
      for (const child of children) child.once('exit', () => children.size === 0 && process.exit(130))
    })
  }
}

/**
 * Runs a step with one line of progress, and resolves to whether it succeeded. When it fails, prints its output and exits,
 * unless it `isOptional`.
 */
export async function step(title, command, args, { isOptional = false, ...options } = {}) {
  const began = Date.now()
  if (process.stdout.isTTY) process.stdout.write(`· ${title} …\n`)
  const child = start(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-200_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const code = await exitOf(child)
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${code === 0 ? '✓' : isOptional ? '–' : '✗'} ${title} (${seconds} s)\n`)
  if (code !== 0 && !isOptional) {
    endChildren()
    process.stderr.write(output)
    fail(`"${title}" failed.`, `The command was: ${command} ${args.join(' ')}`)
  }
  return code === 0
}

/** Runs a step and streams its output. Resolves to the exit code. */
export async function shown(title, command, args, options = {}) {
  process.stdout.write(`· ${title}\n`)
  return exitOf(start(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] }))
}

function exitOf(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      resolve(1)
    })
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
