/** Writes one line: fields for machines, and a message that can be searched. */
export type LogLine = (fields: object, message: string) => void

/** A logger, such as pino's. Any object with these four methods will do. */
export interface Logger {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}
