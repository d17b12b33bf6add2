import { inSight } from './sight.js';

/** What the marking needs of a cell. */
type Marked = Pick<HTMLElement, 'dataset' | 'parentElement'>;

/**
 * Svelte action: marks a cell briefly when its value changes. Two animations that look the same take turns, so that
 * each change starts one anew without touching the layout or the node. A value that comes or goes is not a change.
 * Where the row is out of sight nothing is marked: most of the cost of a change of a long table was this.
 */
export function flash(node: Marked, value: number | null | undefined): { update: typeof update } {
  let shown = value;
  function update(next: number | null | undefined): void {
    if (next === shown) return;
    const known = shown != null && next != null;
    shown = next;
    if (!known || !inSight(node.parentElement)) return;
    node.dataset['flash'] = node.dataset['flash'] === 'a' ? 'b' : 'a';
  }
  return { update };
}

/**
 * As `flash`, for a value that depends on what is looked at: a change together with its context (another window, another
 * filter) is not a change of the market.
 */
export function flashWithin(
  node: Marked,
  seen: readonly [value: number | null | undefined, context: string],
): { update: (seen: readonly [value: number | null | undefined, context: string]) => void } {
  let context = seen[1];
  let marking = flash(node, seen[0]);
  return {
    update([value, next]) {
      if (next !== context) marking = flash(node, value);
      else marking.update(value);
      context = next;
    },
  };
}
