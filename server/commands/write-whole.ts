import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/**
 * Writes lines to a file, packed where its name ends in .gz. It appears under its name only when it is complete; what was
 * there before stays until then.
 * @throws Error in plain words when it cannot be written, and what the lines throw. Nothing is left behind then.
 */
export async function writeWhole(lines: AsyncIterable<string>, file: string): Promise<void> {
  const partial = `${file}.partial`;
  await inWords(file, () => refuseFolder(file));
  // Left over from a run that was killed. Made anew, never followed: somebody else may have put a link there.
  const handle = await inWords(file, async () => {
    await rm(partial, { force: true });
    return open(partial, 'wx');
  });
  try {
    const text = Readable.from(withNewlines(lines));
    const out = handle.createWriteStream();
    await inWords(file, async () => {
      if (file.endsWith('.gz')) await pipeline(text, createGzip(), out);
      else await pipeline(text, out);
      await rename(partial, file);
    });
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The same to the terminal, or to whatever the output is piped to. */
export function writeOut(lines: AsyncIterable<string>): Promise<void> {
  return pipeline(Readable.from(withNewlines(lines)), process.stdout, { end: false });
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function refuseFolder(file: string): Promise<void> {
  const folder = await stat(dirname(file));
  if (!folder.isDirectory()) throw Object.assign(new Error(), { syscall: 'stat', code: 'ENOTDIR' });
  const there = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (there?.isDirectory() === true) throw Object.assign(new Error(), { syscall: 'stat', code: 'EISDIR' });
}

/** Says what the system's own codes mean; errors that are not the system's pass as they are. */
async function inWords<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined || code === undefined) throw error;
    throw new Error(wordsFor(code, file), { cause: error });
  }
}

function wordsFor(code: string, file: string): string {
  switch (code) {
    case 'ENOENT':
      return `The folder ${dirname(file)} is not there. Make it first, or name a file in another one.`;
    case 'ENOTDIR':
      return `${dirname(file)} is not a folder. Name a file in a folder.`;
    case 'EISDIR':
      return `${file} is a folder. Name a file in it.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${file} may not be written (${code}). Name a file in a folder of your own.`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `There is no room for ${file}. Free some space, or name a file on another disk.`;
    default:
      return `${file} cannot be written (${code}). Name another file.`;
  }
}
