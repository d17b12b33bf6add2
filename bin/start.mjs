#!/usr/bin/env node
/** `npm start`: builds what is not built, then runs the server in this process. Settings: environment or `.env`. */
import { ensureBuilt } from './build-if-needed.mjs';

await ensureBuilt();
await import('../dist/server/main.js');
