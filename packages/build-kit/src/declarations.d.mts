import type { Rolldown } from 'tsdown'

/**
 * Puts each doc comment on its own line. The generator writes those of an object type's members behind the previous
 * member, where TypeScript and editors ignore them.
 */
export declare const commentsOnOwnLines: Rolldown.Plugin

/** Restores the `type` of `export type *`, which the bundler drops: values would seem to be exported. */
export declare const starExportsStayTypes: Rolldown.Plugin
