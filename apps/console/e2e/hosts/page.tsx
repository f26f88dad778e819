/** A page of a host with every scene below one another. The test changes its style sheets. */
import { differences, remember } from './measure.ts'
import { scenes } from './scenes.tsx'
import { show } from './show.tsx'

Object.assign(window, {
  showAll: () =>
    Promise.all(Object.entries(scenes).map(([name, scene]) => show(name, scene, document.body))).then(() => {}),
  remember,
  differences,
})
