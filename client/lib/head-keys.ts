/**
 * Svelte action for a table with buttons in its head: together they are one stop of the Tab key, the arrows move along
 * them, down into the column and from its top row up again. Use it beside `gridKeys`, before it.
 */
export function headKeys(table: HTMLTableElement): { destroy: () => void } {
  const buttons = (): HTMLElement[] => Array.from(table.querySelectorAll<HTMLElement>('thead button'));
  const onFocus = (event: FocusEvent): void => {
    const focused = (event.target as HTMLElement).closest<HTMLElement>('thead button');
    if (focused) for (const button of buttons()) button.tabIndex = button === focused ? 0 : -1;
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = fromHead(event, buttons(), table) ?? fromTopRow(event, table);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus();
  };
  for (const [i, button] of buttons().entries()) button.tabIndex = i === 0 ? 0 : -1;
  table.addEventListener('focusin', onFocus);
  table.addEventListener('keydown', onKey, { capture: true });
  return {
    destroy: () => {
      table.removeEventListener('focusin', onFocus);
      table.removeEventListener('keydown', onKey, { capture: true });
    },
  };
}

function fromHead(event: KeyboardEvent, buttons: HTMLElement[], table: HTMLTableElement): HTMLElement | null {
  const button = (event.target as HTMLElement).closest<HTMLElement>('thead button');
  if (!button) return null;
  const at = buttons.indexOf(button);
  const column = button.closest<HTMLElement>('th')?.dataset['column'] ?? '';
  const steps: Record<string, () => HTMLElement | null | undefined> = {
    ArrowLeft: () => buttons[at - 1] ?? button,
    ArrowRight: () => buttons[at + 1] ?? button,
    Home: () => buttons[0],
    End: () => buttons.at(-1),
    ArrowDown: () => table.querySelector<HTMLElement>(`tbody tr [data-column="${column}"]`),
  };
  return steps[event.key]?.() ?? null;
}

function fromTopRow(event: KeyboardEvent, table: HTMLTableElement): HTMLElement | null {
  if (event.key !== 'ArrowUp') return null;
  const cell = (event.target as HTMLElement).closest<HTMLElement>('tbody td, tbody th');
  if (!cell || cell.parentElement !== table.tBodies[0]?.rows[0]) return null;
  return table.querySelector<HTMLElement>(`thead [data-column="${cell.dataset['column'] ?? ''}"] button`);
}
