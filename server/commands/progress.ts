import cliProgress from 'cli-progress';

/** A progress bar on stderr, so that a command's output can be piped; a line now and then where stderr is no terminal. */
export class Progress {
  private readonly bar: cliProgress.SingleBar;
  private started = false;

  constructor(label: string) {
    this.bar = new cliProgress.SingleBar({
      format: `${label} [{bar}] {percentage}% {value}/{total}`,
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: 2_000,
      hideCursor: true,
      clearOnComplete: false,
    });
  }

  update(value: number, total: number): void {
    if (!this.started) this.bar.start(total, value);
    this.started = true;
    this.bar.setTotal(total);
    this.bar.update(value);
  }

  stop(): void {
    if (this.started) this.bar.stop();
  }
}
