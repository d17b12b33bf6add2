import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, '..', 'shared', 'data');

/** The path of a recorded file under `../shared/data`, or `null` where the machine does not have it. */
export function sharedData(path: string): string | null {
  const full = join(folder, path);
  return existsSync(full) ? full : null;
}

/**
 * A `describe` that needs recorded files: skipped, with the reason printed, where one of them is absent.
 * @param files paths under `../shared/data`, by the name that the body uses
 */
export function describeWithData<Name extends string>(
  title: string,
  files: Readonly<Record<Name, string>>,
  body: (paths: Readonly<Record<Name, string>>) => void,
): void {
  const missing = Object.values<string>(files).filter((path) => sharedData(path) === null);
  if (missing.length > 0) {
    const reason = `recorded data absent: ../shared/data/${missing.join(', ../shared/data/')}`;
    console.info(`Skipped "${title}": ${reason}`);
    describe.skip(`${title} (${reason})`, () => {
      it('needs recorded data', () => undefined);
    });
    return;
  }
  const entries = Object.entries<string>(files).map(([name, path]) => [name, join(folder, path)]);
  describe(title, () => body(Object.fromEntries(entries) as Record<Name, string>));
}
