/** How long a changed number stays marked, ms. */
const FADE_MS = 1_100;

/**
 * Svelte action: one veil over all cells that have just changed, which fades. The browser draws it once and then only
 * changes its opacity, off the thread of the page; an animation in each cell cost several times what the change did.
 * @param _changed new each time that something has changed; their `offsetParent` is that of the veil, as is the table's
 *   before it
 */
export function veil(
  node: HTMLElement,
  _changed: readonly HTMLElement[],
): { update: (changed: readonly HTMLElement[]) => void } {
  let fading: Animation | undefined;
  const draw = (cells: readonly HTMLElement[]): void => {
    const { offsetWidth, offsetHeight } = node.previousElementSibling as HTMLElement;
    node.style.cssText = `width: ${offsetWidth}px; height: ${offsetHeight}px; clip-path: path("${outline(cells)}")`;
    node.hidden = false;
    fading?.cancel();
    fading = node.animate({ opacity: [1, 0] }, { duration: FADE_MS, easing: 'ease-out' });
    // A veil that is left would keep the room of rows that have gone.
    fading.onfinish = () => (node.hidden = true);
  };
  return {
    update(cells) {
      // Once all that changed is written: to ask for places before would lay the page out twice.
      if (cells.length > 0) requestAnimationFrame(() => draw(cells));
    },
  };
}

/** The boxes of cells as an SVG path. */
export function outline(
  cells: readonly Pick<HTMLElement, 'offsetLeft' | 'offsetTop' | 'offsetWidth' | 'offsetHeight'>[],
): string {
  return cells
    .map(
      (cell) =>
        `M${cell.offsetLeft} ${cell.offsetTop}h${cell.offsetWidth}v${cell.offsetHeight}h-${cell.offsetWidth}z`,
    )
    .join('');
}
