/** What the marking needs of an element. */
export type Marked = Pick<HTMLElement, 'dataset'>;

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
