/** Handlers for Mock Service Worker: a test of a whole page can let commands reach the network, and answer them there. */
import { HttpResponse, http, type RequestHandler } from 'msw'
import { answerRequest, type HttpAnswer, httpAnswer, type ReceivedCommand, type Respond } from './command-responder.ts'

/** How commands are answered over HTTP. */
export interface CommandHandlerOptions {
  /** Decides what becomes of commands. By default all are accepted. */
  respond?: Respond
  /** Called with each command that passed Telnyx's validation. */
  onCommand?: (command: ReceivedCommand) => void
}

/** Handlers of the eight commands, wherever the server is mounted, with Telnyx's validation and answers. */
export function commandHandlers({ respond = () => 'accept', onCommand }: CommandHandlerOptions = {}): RequestHandler[] {
  const answer = async (command: ReceivedCommand): Promise<HttpAnswer> => {
    onCommand?.(command)
    return httpAnswer(await respond(command))
  }
  return [
    http.post('*/v2/calls/:callId/actions/:name', async ({ request }) => {
      const answered = await answerRequest(request, answer)
      return answered === 'offline' ? HttpResponse.error() : Response.json(answered.body, { status: answered.status })
    }),
  ]
}
