import { flushSync, mount, unmount, type Component } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';

export interface Mounted {
  container: HTMLElement;
  /** Gives some props other values and lets the page follow. */
  set(change: Record<string, unknown>): void;
}

const open: { page: Record<string, unknown>; container: HTMLElement }[] = [];

/** Mounts a component into the document; `closeAll` takes it out again. */
export function mounted<Props extends Record<string, unknown>>(
  component: Component<Props>,
  props: Props,
  container: HTMLElement = document.createElement('div'),
): Mounted {
  const values = new SvelteMap<string, unknown>(Object.entries(props));
  const live = {};
  for (const name of Object.keys(props))
    Object.defineProperty(live, name, { enumerable: true, get: () => values.get(name) });
  document.body.append(container);
  const page = mount(component as Component, { target: container, props: live }) as Record<string, unknown>;
  open.push({ page, container });
  flushSync();
  return {
    container,
    set(change) {
      for (const [name, value] of Object.entries(change)) values.set(name, value);
      flushSync();
    },
  };
}

export async function closeAll(): Promise<void> {
  for (const { page, container } of open.splice(0)) {
    await unmount(page);
    container.remove();
  }
}
