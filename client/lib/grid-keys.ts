/**
 * Svelte action for a table that is one stop of the Tab key: inside it the arrows move from cell to cell, Home and End
 * to the ends of a row, Escape leaves.
 */
export function gridKeys(table: HTMLTableElement): { destroy: () => void } {
  let active: HTMLElement | null = null;
  const enter = (): void => activate(active && table.contains(active) ? active : startCell(table));
  const activate = (cell: HTMLElement | null): void => {
    if (active === cell) return;
    active?.setAttribute('tabindex', '-1');
    active = cell;
    cell?.setAttribute('tabindex', '0');
  };
  const onFocus = (event: FocusEvent): void => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('tbody td, tbody th');
    if (cell) activate(cell);
  };
  const onKey = (event: KeyboardEvent): void => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('tbody td, tbody th');
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') return cell.blur();
    const to = neighbour(cell, event.key);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus();
  };
  // Rows come and go with the spot price: the one Tab stop must always exist.
  const observer = new MutationObserver(enter);
  observer.observe(table, { childList: true, subtree: true });
  table.addEventListener('focusin', onFocus);
  table.addEventListener('keydown', onKey);
  enter();
  return {
    destroy: () => {
      observer.disconnect();
      table.removeEventListener('focusin', onFocus);
      table.removeEventListener('keydown', onKey);
    },
  };
}

/** The strike at ATM, or the first cell. */
function startCell(table: HTMLTableElement): HTMLElement | null {
  return table.querySelector<HTMLElement>('tr.atm th') ?? table.querySelector<HTMLElement>('tbody th');
}

function neighbour(cell: HTMLElement, key: string): HTMLElement | null {
  const row = cell.parentElement as HTMLTableRowElement;
  const at = (cell as HTMLTableCellElement).cellIndex;
  switch (key) {
    case 'ArrowLeft':
      return row.cells[at - 1] ?? cell;
    case 'ArrowRight':
      return row.cells[at + 1] ?? cell;
    case 'ArrowUp':
      return inRow(row.previousElementSibling, at) ?? cell;
    case 'ArrowDown':
      return inRow(row.nextElementSibling, at) ?? cell;
    case 'Home':
      return row.cells[0] ?? cell;
    case 'End':
      return row.cells[row.cells.length - 1] ?? cell;
    default:
      return null;
  }
}

function inRow(row: Element | null, at: number): HTMLElement | null {
  return row instanceof HTMLTableRowElement ? (row.cells[at] ?? null) : null;
}
