/** A bounded list that evicts its oldest entries. */
export class BoundedLog<Entry> {
  private readonly size: number
  private readonly entries: Entry[] = []
  private evictedCount = 0

  /** `size`: minimum number of newest entries that the log keeps. */
  constructor(size: number) {
    this.size = size
  }

  /** Number of entries ever added, including evicted entries. */
  get count(): number {
    return this.evictedCount + this.entries.length
  }

  add(entry: Entry): void {
    this.entries.push(entry)
    if (this.entries.length < 2 * this.size) return
    this.entries.splice(0, this.size)
    this.evictedCount += this.size
  }

  /** The newest `limit` of the first `until` entries ever added, oldest first. Default: all kept entries. */
  list(until = this.count, limit = this.entries.length): readonly Entry[] {
    const end = Math.max(0, until - this.evictedCount)
    return this.entries.slice(Math.max(0, Math.min(end, this.entries.length) - limit), end)
  }
}
