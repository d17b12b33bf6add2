import { join } from 'node:path';

/** Folder of the built screens: beside the built server, from wherever the command is called. */
export function clientFolder(): string {
  return join(import.meta.dirname, '../client');
}
