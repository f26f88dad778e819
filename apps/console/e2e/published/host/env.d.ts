/** What Vite's template declares. */
interface ImportMeta {
  readonly env: Readonly<Record<string, string>>
}
