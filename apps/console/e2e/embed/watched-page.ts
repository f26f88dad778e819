/** Chromium and the pages of a host. A page records what the host would see in its console. */
import { browserArgs, findBrowser } from '@callgather/test-kit/browser'
import { type Browser, chromium, type Page } from 'playwright'

/** Starts Chromium, with which the tests of the other end-to-end tests run too. */
export function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  return chromium.launch({ args: browserArgs, ...(executablePath ? { executablePath } : {}) })
}

/** What a page sent to a server. */
export interface Sent {
  readonly url: string
  /** The request line, headers and body, or the data of a websocket frame. */
  readonly text: string
}

/** A page with its problems and its requests. */
export interface WatchedPage {
  readonly page: Page
  /** Console errors, uncaught errors and violations of the page's policies, in order. */
  readonly problems: string[]
  /** Everything that the page sent, in order. Await `allSent` for the complete list. */
  allSent(): Promise<readonly Sent[]>
  /** The addresses of the websockets that the page opened. */
  readonly sockets: string[]
}

/** Opens a page in a profile of its own. */
export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  const sockets: string[] = []
  const sent: Promise<Sent>[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => {
    const text = request
      .allHeaders()
      .catch(() => request.headers())
      .then((headers) => JSON.stringify({ headers, body: request.postData() }))
    sent.push(text.then((rest) => ({ url: request.url(), text: `${request.url()} ${rest}` })))
  })
  page.on('websocket', (socket) => {
    sockets.push(socket.url())
    socket.on('framesent', ({ payload }) => sent.push(Promise.resolve({ url: socket.url(), text: String(payload) })))
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      console.error(`The page violates ${effectiveDirective}: ${blockedURI} ${sample}`)
    })
  })
  await page.goto(url)
  return { page, problems, sockets, allSent: () => Promise.all(sent) }
}
