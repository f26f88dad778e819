/** Writes one log line, with fields for machines and a searchable message. */
export type LogLine = (fields: object, message: string) => void

/** A logger, such as pino. Any object with these four methods is accepted. */
export interface Logger {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
}
