import { ImportRefused } from './import-report.js';
import { SplitError } from './object-splitter.js';

/** A limit of the reader was passed. */
export function tooLarge(what: string): ImportRefused {
  return new ImportRefused(
    'too-large',
    `The instrument file was refused: it has ${what}, far more than the broker's list. Download it again; the list in use was kept.`,
  );
}

/**
 * What a fault while reading means for a trader.
 * @param bytes compressed bytes that were read.
 */
export function refusalOf(error: unknown, bytes: number): ImportRefused {
  if (error instanceof ImportRefused) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (bytes === 0 && (error instanceof SplitError || code === 'Z_BUF_ERROR'))
    return new ImportRefused(
      'empty',
      'The instrument file is empty. Download it again; the list in use was kept.',
    );
  if (error instanceof SplitError) return splitRefusal(error);
  const options = { cause: error };
  if (code === 'Z_BUF_ERROR')
    return new ImportRefused(
      'truncated',
      'The instrument file breaks off before its end. Download it again; the list in use was kept.',
      options,
    );
  if (typeof code === 'string' && code.startsWith('Z_'))
    return new ImportRefused(
      'not-gzip',
      'The file is not a gzip file, or is damaged. Give the .json.gz file as the broker offers it; the list in use was kept.',
      options,
    );
  return new ImportRefused(
    'source',
    `The instrument file could not be read (${(error as Error).message}). The list in use was kept.`,
    options,
  );
}

function splitRefusal(error: SplitError): ImportRefused {
  const advice = 'Download it again; the list in use was kept.';
  const words = `The instrument file was refused: ${error.message}. ${advice}`;
  return new ImportRefused(error.why, words, { cause: error });
}
