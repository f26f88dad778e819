/** The script of the iframe's page. The elements are defined by `callgather.mjs`, which the page loads beside it. */
import { refusalOf } from './allowed-parent.ts'
import { startFrame } from './frame.ts'
import { addStyles } from './styles.ts'

const origins = (document.querySelector<HTMLMetaElement>('meta[name="callgather-origins"]')?.content ?? '')
  .split(' ')
  .filter(Boolean)
const refusal = refusalOf(window, origins)
addStyles(document)
if (refusal) document.body.textContent = refusal
else startFrame(origins)
