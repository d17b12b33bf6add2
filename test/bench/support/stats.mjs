/** Milliseconds of the machine's monotonic clock, which all processes of one machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The value below which a share of the samples lies (nearest rank). @param share 0–1 */
export function percentile(samples, share) {
  if (samples.length === 0) throw new Error('no samples');
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

export const median = (samples) => percentile(samples, 0.5);

/** Median, p99 and number of samples. */
export const summary = (samples) => ({
  p50: round(median(samples)),
  p99: round(percentile(samples, 0.99)),
  n: samples.length,
});

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Three significant digits, so that a table does not promise more than was measured. */
export const round = (value) => (Number.isFinite(value) ? Number(value.toPrecision(3)) : null);

/** Runs `work` and says how many ms it took. */
export async function timed(work) {
  const start = nowMs();
  const result = await work();
  return { result, ms: nowMs() - start };
}

/** Median ms of `times` runs of `work`, after `warmUp` runs that do not count. */
export async function medianMs(times, work, warmUp = 3) {
  for (let i = 0; i < warmUp; i++) await work(i);
  const samples = [];
  for (let i = 0; i < times; i++) samples.push((await timed(() => work(i))).ms);
  return { median: median(samples), p99: percentile(samples, 0.99), samples };
}
