import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** Far more than a row of a recorded day has: a file without line ends must not fill the memory. */
const LONGEST_LINE = 64 * 1024;

type Chunks = AsyncIterable<Buffer>;

/**
 * Feeds the decompressed bytes of a file to `read`, chunk by chunk. A name that does not end in `.gz` is read as it is.
 * @throws Error in words when the file cannot be read, is no gzip or is cut short.
 */
export async function readChunks(file: string, read: (chunks: Chunks) => Promise<void>): Promise<void> {
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  let unreadable: unknown = null;
  const guarded = (chunks: Chunks): Promise<void> =>
    read(chunks).catch((error: unknown) => {
      unreadable = error;
      throw error;
    });
  try {
    if (file.endsWith('.gz')) await pipeline(source, createGunzip({ chunkSize: 256 * 1024 }), guarded);
    else await pipeline(source, guarded);
  } catch (error) {
    // When the reader gives up, the pipeline says only that the streams before it were aborted.
    throw new Error(`${file}: ${((unreadable ?? error) as Error).message}`, { cause: error });
  }
}

/** Calls `line` for each line of a text file that is not empty, with its number from 1. @throws as above, and for an endless line. */
export function readLines(file: string, line: (text: string, number: number) => void): Promise<void> {
  return readChunks(file, async (chunks) => {
    let number = 0;
    let rest = '';
    const each = (text: string): void => {
      number += 1;
      const bare = text.endsWith('\r') ? text.slice(0, -1) : text;
      if (bare !== '') line(bare, number);
    };
    const decoder = new TextDecoder();
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE)
        throw new Error(`line ${number + 1} is longer than ${LONGEST_LINE} characters`);
      for (const text of lines) each(text);
    }
    each(rest);
  });
}
