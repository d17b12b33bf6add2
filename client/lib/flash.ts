/** What the marking needs of an element. */
type Marked = Pick<HTMLElement, 'dataset'>;

/**
 * Svelte action: marks an element briefly when its value changes. Two animations that look the same take turns, so that
 * each change starts one anew without touching the layout or the node. A value that comes or goes is not a change.
 */
export function flash(node: Marked, value: number | null | undefined): { update: typeof update } {
  let shown = value;
  function update(next: number | null | undefined): void {
    if (next === shown) return;
    const known = shown != null && next != null;
    shown = next;
    if (known) node.dataset['flash'] = node.dataset['flash'] === 'a' ? 'b' : 'a';
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
