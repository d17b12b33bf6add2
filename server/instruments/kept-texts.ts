/** So many are read before their texts are copied. */
const AT_ONCE = 256;
/** No text that is kept contains it. */
const BETWEEN = '\n';

/** What two contracts never have in common. */
interface OwnTexts {
  instrumentKey: string;
  tradingSymbol: string;
}

/**
 * Frees what is kept of a file from the rest of it. A text that was cut out of a larger one holds all of that in memory:
 * the whole file would stay there, and be moved about by the garbage collector, until the import is done.
 */
export class KeptTexts {
  private readonly waiting: OwnTexts[] = [];
  private readonly known = new Map<string, string>();

  /** Copies the texts, soon: for each by itself that takes as long as reading the row. */
  add(owner: OwnTexts): void {
    this.waiting.push(owner);
    if (this.waiting.length === AT_ONCE) this.copy();
  }

  /** A copy that all who ask for the same text get. */
  shared(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const copy = Buffer.from(text).toString();
    this.known.set(copy, copy);
    return copy;
  }

  private copy(): void {
    const texts: string[] = [];
    for (const { instrumentKey, tradingSymbol } of this.waiting) texts.push(instrumentKey, tradingSymbol);
    const copies = texts.join(BETWEEN).split(BETWEEN);
    let i = 0;
    for (const owner of this.waiting) {
      owner.instrumentKey = copies[i++] as string;
      owner.tradingSymbol = copies[i++] as string;
    }
    this.waiting.length = 0;
  }
}
