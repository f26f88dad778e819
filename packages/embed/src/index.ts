/** Defines the custom elements when it is imported or loaded by a script tag. */
// First, because the bundle compresses better when its stylesheet is not between modules.
import './element/styles.ts'
import { defineElements } from './element/define.ts'

export type * from './element/types.ts'

defineElements()
