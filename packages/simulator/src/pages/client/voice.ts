/** Speaks prompts with the speech synthesis of the browser, if the browser has speech synthesis. */
export class Voice {
  private readonly synthesis: SpeechSynthesis | undefined =
    'speechSynthesis' in globalThis ? globalThis.speechSynthesis : undefined
  muted = false

  speak(text: string): void {
    if (this.muted || this.synthesis === undefined || text === '') return
    this.synthesis.cancel()
    const utterance = new SpeechSynthesisUtterance(text)
    utterance.lang = 'en-US'
    this.synthesis.speak(utterance)
  }

  stop(): void {
    this.synthesis?.cancel()
  }
}
