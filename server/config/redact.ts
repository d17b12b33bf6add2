import { inspect } from 'node:util';
import type { Config } from './config.js';

const HIDDEN = '(hidden)';

/**
 * Lets a configuration that ends in a log line, an error report or a dump show no secret: `console.log`, template
 * texts and `JSON.stringify` of it, or of a part that holds secrets, print `(hidden)` in their place.
 */
export function withoutSecretsInPrint(config: Config): Config {
  const database =
    config.database.kind === 'postgres' ? printable(config.database, ['url']) : config.database;
  const upstox = printable(config.upstox, ['clientSecret', 'accessToken']);
  return printable({ ...config, database, upstox }, ['secret', 'viewerPassphrase', 'redisUrl']);
}

function printable<T extends object>(part: T, secrets: readonly (keyof T & string)[]): T {
  const shown = (): object =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]: [string, unknown]) =>
        secrets.some((secret) => secret === name) && value !== null ? [name, HIDDEN] : [name, value],
      ),
    );
  const copy = { ...part };
  // Not enumerable: the configuration still equals, and is copied as, its plain values.
  Object.defineProperties(copy, {
    toJSON: { value: shown },
    toString: { value: () => JSON.stringify(shown()) },
    [inspect.custom]: { value: shown },
  });
  return copy;
}
