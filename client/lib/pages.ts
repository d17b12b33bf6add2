/** Pages beside the first. Fetched when idle, so that they open at once. Apart from parts.ts, since pages use parts. */
export const pages = {
  market: () => import('../components/MarketPage.svelte'),
};

/** Fetches every page. One that does not come now is asked for again when it is opened, and says so there. */
export async function prefetchPages(): Promise<void> {
  await Promise.allSettled(Object.values(pages).map((load) => load()));
}
