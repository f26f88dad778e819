import { nextHandlers } from '@callgather/server/next'
import { gather } from '../../../gather'

export const GET = (request: Request) => nextHandlers(gather()).GET(request)
export const POST = (request: Request) => nextHandlers(gather()).POST(request)
