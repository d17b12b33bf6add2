import { Command, CommandRunner, Option, SubCommand } from 'nest-commander';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ImportProgress, ImportReport } from '../instruments/instruments.service.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { reportLines } from '../instruments/report-text.js';
import { withCore } from './core-context.js';
import { Progress } from './progress.js';

interface Options {
  file?: string;
  exchange?: string[];
  force?: boolean;
}

const EXCHANGES = ['NSE', 'BSE', 'MCX'];
const KIB = 1024;

/** `contracts import`: a thin shell over `InstrumentsService`. What it throws makes the exit code 1. */
@SubCommand({ name: 'import', description: "Import Upstox's instrument master: today's, or a .json.gz file" })
export class ContractsImportCommand extends CommandRunner {
  async run(_args: string[], options: Options): Promise<void> {
    const bar = new Progress('contracts (KiB read)');
    const onProgress = ({ bytes, totalBytes }: ImportProgress): void =>
      bar.update(Math.round(bytes / KIB), Math.round((totalBytes ?? bytes) / KIB));
    try {
      const report = await withCore((core) => start(core.get(InstrumentsService), options, onProgress));
      bar.stop();
      for (const line of reportLines(report)) console.log(line);
    } finally {
      bar.stop();
    }
  }

  @Option({
    flags: '--file <file>',
    description: 'An instrument master as a .json.gz file; downloaded without it',
  })
  parseFile(value: string): string {
    return value;
  }

  @Option({
    flags: '--exchange <names>',
    description: 'Only these, such as NSE,BSE,MCX; the others stay as they are',
  })
  parseExchange(value: string): string[] {
    const names = value.split(',').map((name) => name.trim().toUpperCase());
    const wrong = names.filter((name) => !EXCHANGES.includes(name));
    if (wrong.length > 0)
      throw new Error(`--exchange takes ${EXCHANGES.join(', ')}; not ${wrong.join(', ')}.`);
    return [...new Set(names)];
  }

  @Option({
    flags: '--force',
    description: 'Accept a file that is older or much smaller than the list in use',
  })
  parseForce(): boolean {
    return true;
  }
}

async function start(
  instruments: InstrumentsService,
  { file, exchange, force }: Options,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportReport> {
  if (file === undefined) return instruments.importFromBroker(exchange, onProgress, force);
  const size = await sizeOf(file);
  return instruments.importFrom(createReadStream(file), {
    source: basename(file),
    exchanges: exchange,
    bytes: size,
    onProgress,
    force,
  });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new Error(`Cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

@Command({
  name: 'contracts',
  description: 'The list of contracts: import',
  subCommands: [ContractsImportCommand],
})
export class ContractsCommand extends CommandRunner {
  async run(): Promise<void> {
    this.command.help();
  }
}
