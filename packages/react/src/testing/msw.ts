/** Handlers for Mock Service Worker (MSW), for tests of whole pages whose commands reach the network. */
import { HttpResponse, http, type RequestHandler } from 'msw'
import { answerRequest, type HttpAnswer, httpAnswer, type ReceivedCommand, type Respond } from './command-responder.ts'

export type { CommandAnswer, ReceivedCommand, Respond } from './command-responder.ts'

/** The options of `commandHandlers`. */
export interface CommandHandlerOptions {
  /** Returns the answer to each command. Default `accept`. */
  respond?: Respond
  /** Called with each command that passes Telnyx's validation. */
  onCommand?: (command: ReceivedCommand) => void
}

/** Creates handlers of the eight commands for any origin and base path, with Telnyx's validation and errors. */
export function commandHandlers({ respond = () => 'accept', onCommand }: CommandHandlerOptions = {}): RequestHandler[] {
  const answer = async (command: ReceivedCommand): Promise<HttpAnswer> => {
    onCommand?.(command)
    return httpAnswer(await respond(command))
  }
  return [
    http.post('*/v2/calls/:callId/actions/:name', async ({ request }) => {
      const response = await answerRequest(request, answer)
      return response === 'offline' ? HttpResponse.error() : Response.json(response.body, { status: response.status })
    }),
  ]
}
