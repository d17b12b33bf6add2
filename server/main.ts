import 'reflect-metadata';
import { startServer } from './bootstrap.js';
import { clientFolder } from './client-folder.js';
import { configFromProcess } from './config/load-config.js';
import { endOnDefect, endOnSignal } from './shutdown.js';

endOnDefect();
try {
  const config = configFromProcess();
  const server = await startServer(config, { clientDir: clientFolder() });
  endOnSignal(() => server.close());
  console.log(`listening on ${server.url}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
