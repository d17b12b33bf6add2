import { flash, type Marked } from './flash.js';

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
