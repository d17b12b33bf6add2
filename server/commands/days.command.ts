import { Command, CommandRunner, Option, SubCommand } from 'nest-commander';
import { isIsoDate, istTime } from '../domain/slot.js';
import { DayExport, type DayExportReport } from '../snapshot/days/day-export.js';
import { DayImport, type DayImportReport } from '../snapshot/days/day-import.js';
import { withCore } from './core-context.js';
import { Progress } from './progress.js';
import { writeOut, writeWhole } from './write-whole.js';

interface ImportOptions {
  prevOi?: string;
}

@SubCommand({
  name: 'import',
  arguments: '<file>',
  description: 'Store a recorded day (day file, .csv or .csv.gz)',
})
export class DaysImportCommand extends CommandRunner {
  async run([file]: string[], options: ImportOptions): Promise<void> {
    const bar = new Progress('importing');
    try {
      const report = await withCore((core) =>
        core.get(DayImport).run(file!, options.prevOi, (rows, of) => bar.update(rows, of)),
      );
      bar.stop();
      print(report);
    } finally {
      bar.stop();
    }
  }

  @Option({ flags: '--prev-oi <file>', description: "The previous session's closing OI (.csv or .csv.gz)" })
  parsePrevOi(value: string): string {
    return value;
  }
}

function print(report: DayImportReport): void {
  console.log(
    `${report.rows} rows of ${report.chains} chains: ${report.stored} slots stored, ${report.present} were there already, ` +
      `${report.refused.length} refused, ${report.unknownLegs} legs unknown.`,
  );
  for (const one of report.refused)
    console.log(
      `refused ${one.underlying} ${one.expiry} ${istTime(one.slot).slice(0, 5)}: ${one.reason} (${one.detail})`,
    );
}

interface ExportOptions {
  underlying: string;
  date: string;
  out?: string;
  prevOiOut?: string;
}

@SubCommand({ name: 'export', description: 'Write a captured day as a day file' })
export class DaysExportCommand extends CommandRunner {
  async run(_args: string[], options: ExportOptions): Promise<void> {
    if (!isIsoDate(options.date)) throw new Error(`--date must be YYYY-MM-DD, not ${options.date}.`);
    const report: DayExportReport = { rows: 0, snapshots: 0, backfilledLeftOut: 0 };
    await withCore(async (core) => {
      const days = core.get(DayExport);
      await write(days.lines(options.underlying, options.date, report), options.out);
      if (options.prevOiOut)
        await write(days.prevOiLines(options.underlying, options.date), options.prevOiOut);
    });
    console.error(
      `${report.rows} rows, ${report.snapshots} snapshots` +
        (report.backfilledLeftOut > 0 ? `; ${report.backfilledLeftOut} back-filled slots are left out` : ''),
    );
  }

  @Option({ flags: '--underlying <symbol>', description: 'Symbol or key, such as NIFTY', required: true })
  parseUnderlying(value: string): string {
    return value;
  }

  @Option({ flags: '--date <date>', description: 'YYYY-MM-DD', required: true })
  parseDate(value: string): string {
    return value;
  }

  @Option({ flags: '--out <file>', description: 'File to write (.csv or .csv.gz); the terminal without it' })
  parseOut(value: string): string {
    return value;
  }

  @Option({
    flags: '--prev-oi-out <file>',
    description: 'Also write the previous closing OI the broker gave',
  })
  parsePrevOiOut(value: string): string {
    return value;
  }
}

function write(lines: AsyncIterable<string>, file: string | undefined): Promise<void> {
  return file === undefined ? writeOut(lines) : writeWhole(lines, file);
}

@Command({
  name: 'days',
  description: 'Recorded days: import and export',
  subCommands: [DaysImportCommand, DaysExportCommand],
})
export class DaysCommand extends CommandRunner {
  async run(): Promise<void> {
    this.command.help();
  }
}
