/** What is told whether it is in sight. */
interface Seen {
  isSeen: boolean;
}

const told = new WeakMap<Element, Seen>();

/** Null where there is no such thing, as in the document of a test: then all is in sight. */
const observer =
  typeof IntersectionObserver === 'function'
    ? new IntersectionObserver((entries) => {
        for (const { target, isIntersecting } of entries) {
          const seen = told.get(target);
          if (seen) seen.isSeen = isIntersecting;
        }
      })
    : null;

/** Svelte action: tells with each frame of the screen whether a row is in sight, inside of whatever scrolls. */
export function sight(row: Element, seen: Seen): { destroy: () => void } {
  told.set(row, seen);
  observer?.observe(row);
  return { destroy: () => observer?.unobserve(row) };
}
