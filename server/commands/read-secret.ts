import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

const LONGEST = 16 * 1024;

/**
 * Reads a secret from standard input: all of a pipe, or one line of a terminal, which does not show it.
 * @throws Error when the input is far too long for a secret.
 */
export async function readSecret(prompt: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  return (input.isTTY ? await readHiddenLine(prompt, input) : await readAll(input)).trim();
}

async function readAll(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > LONGEST) throw new Error('That is too long for a token.');
  }
  return text;
}

/** readline echoes what is typed to its output: this one goes nowhere. */
function readHiddenLine(prompt: string, input: NodeJS.ReadStream): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      lines.close();
      resolve(line);
    });
    lines.once('close', () => {
      process.stderr.write('\n');
      resolve('');
    });
  });
}
