#!/usr/bin/env node
/** The command line: builds what is not built, then runs the built commands. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { ensureBuilt, root } from './build-if-needed.mjs';

await ensureBuilt();
await import(pathToFileURL(join(root, 'dist/server/cli.js')).href);
