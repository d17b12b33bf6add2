/** Rows that are far from being seen. A row that nobody has looked for is taken to be in sight. */
const unseen = new WeakSet<Element>();

/** Null where there is no such thing, as in the document of a test: then all is in sight. */
const observer =
  typeof IntersectionObserver === 'function'
    ? new IntersectionObserver((entries) => {
        for (const { target, isIntersecting } of entries)
          if (isIntersecting) unseen.delete(target);
          else unseen.add(target);
      })
    : null;

/** Svelte action: notes whether a row is in sight, inside of whatever scrolls. */
export function sight(row: Element): { destroy: () => void } {
  observer?.observe(row);
  return { destroy: () => observer?.unobserve(row) };
}

/** Whether a row was in sight when the browser last looked, which it does with each frame. */
export function inSight(row: Element | null): boolean {
  return row === null || !unseen.has(row);
}
