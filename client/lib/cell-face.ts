import type { Look } from './looks.js';

/** What shows its look in a face. */
export interface Faced {
  /** Draws what it shows, and from now on each other look. */
  attach(face: CellFace): void;
  detach(face: CellFace): void;
}

/** What stands in a cell beside its text. */
export interface Furniture {
  /** A second line. */
  readonly tall?: boolean;
  /** Room for the unit. */
  readonly unit?: boolean;
  /** An OI bar. */
  readonly bar?: boolean;
  /** Class beside the one of the look. */
  readonly side?: string;
}

/**
 * The nodes of a cell. They are written to directly, not through the framework: with some hundred cells in a change its
 * book-keeping was a third of the script.
 */
export class CellFace {
  private readonly main = document.createTextNode('');
  private readonly unit = document.createTextNode('');
  private readonly sub = document.createTextNode('');
  private readonly bar: HTMLElement | undefined;
  private shown: Look | null = null;

  constructor(
    readonly td: HTMLElement,
    private readonly furniture: Furniture,
  ) {
    // Text stands in the cell itself: each element more costs the browser as much again when the text changes.
    td.replaceChildren(this.main);
    if (furniture.unit) td.append(wrapped('small', '', this.unit));
    if (furniture.tall) td.append(document.createElement('br'), wrapped('span', 'sub', this.sub));
    if (furniture.bar) td.append((this.bar = wrapped('i', 'bar')));
  }

  /** Writes what looks different from before, and nothing else. */
  draw(look: Look): void {
    const { td, shown, furniture } = this;
    if (look.css !== shown?.css) td.className = furniture.side ? `${look.css} ${furniture.side}` : look.css;
    if (look.heat !== shown?.heat) {
      if (look.heat === undefined) td.removeAttribute('data-heat');
      else td.setAttribute('data-heat', String(look.heat));
    }
    if (look.main !== shown?.main) this.main.data = look.main;
    if (look.unit !== shown?.unit) this.unit.data = look.unit;
    // An empty line would be no line, and the first would move down.
    if (look.sub !== shown?.sub) this.sub.data = look.sub || '\u00a0';
    if (look.bar !== shown?.bar) this.bar?.style.setProperty('transform', look.bar);
    this.shown = look;
  }
}

function wrapped(tag: 'small' | 'span' | 'i', css: string, ...text: Text[]): HTMLElement {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.append(...text);
  return element;
}

/** Attachment: gives a cell its face, and another one when what stands in it is to be another. */
export const face =
  (cell: Faced, furniture: Furniture) =>
  (td: HTMLElement): (() => void) => {
    const given = new CellFace(td, furniture);
    cell.attach(given);
    return () => cell.detach(given);
  };
