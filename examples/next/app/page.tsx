import { Console } from './console'

/** Rendered on the server with what is known there, which is nothing yet; the browser connects. */
export default function Page() {
  return <Console />
}
