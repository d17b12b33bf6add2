import type { Sparse, SparseNullable } from '../../server/protocol/index.js';

/** A frame that cannot be applied to the table at hand. The screen must watch the chain again. */
export class FrameMismatch extends Error {
  override readonly name = 'FrameMismatch';
}

/**
 * Unfolds a flat list `[gap, value, gap, value, …]` into index → value.
 * @param size number of places the list may speak of
 * @throws FrameMismatch when the list is cut, has a bad gap or runs past `size`
 */
export function unfold<T extends Sparse | SparseNullable>(
  list: T,
  size: number,
  column: string,
): Map<number, T[number]> {
  if (list.length % 2 !== 0) throw new FrameMismatch(`column ${column} is cut`);
  const found = new Map<number, T[number]>();
  let at = -1;
  for (let i = 0; i < list.length; i += 2) {
    const gap = list[i];
    if (typeof gap !== 'number' || !Number.isInteger(gap) || gap < 0)
      throw new FrameMismatch(`column ${column} has a bad gap at ${i}`);
    at += gap + 1;
    if (at >= size) throw new FrameMismatch(`column ${column} runs past ${size}`);
    found.set(at, list[i + 1] as T[number]);
  }
  return found;
}
