/**
 * Runs a job every so many real ms, never twice at once, without keeping the process alive.
 * @param failed is told of a failure, and not again until the job has succeeded in between.
 * @returns what ends it.
 */
export function repeat(ms: number, job: () => Promise<void>, failed: (error: unknown) => void): () => void {
  let [busy, failing] = [false, false];
  const run = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await job();
      failing = false;
    } catch (error) {
      if (!failing) failed(error);
      failing = true;
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void run(), ms);
  timer.unref();
  return () => clearInterval(timer);
}
