/** Parts of the screen that are not needed for the first table. Fetched when idle, so that they open without the server. */
export const parts = {
  tooltip: () => import('../components/BoardTooltip.svelte'),
  help: () => import('../components/HelpDialog.svelte'),
  settings: () => import('../components/SettingsDialog.svelte'),
  quality: () => import('../components/QualityDialog.svelte'),
  past: () => import('../components/PastBar.svelte'),
  marketMerge: () => import('./market-merge.js'),
};

/** Fetches every part. A part that does not come now is asked for again when it is opened, and says so there. */
export async function prefetchParts(): Promise<void> {
  await Promise.allSettled(Object.values(parts).map((load) => load()));
}
