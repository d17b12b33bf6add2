import { cyclesIn, readSources, type Import, type SourceFile } from './support/imports.js';

/** What each folder of the server may import from the others. Every folder stands here: a new one must be decided on. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  protocol: ['domain'],
  config: [],
  clock: ['domain', 'config'],
  upstox: ['domain', 'config', 'clock'],
  database: ['domain', 'config', 'clock'],
  // Shapes errors and guards Host and Origin for everything that answers HTTP.
  http: ['domain', 'protocol', 'config', 'upstox'],
  auth: ['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'http'],
  instruments: ['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'http'],
  snapshot: ['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'http', 'auth', 'instruments'],
  market: [
    ...['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'http', 'auth', 'instruments'],
    'snapshot',
  ],
  // Several processes on one database: what one collects, the others follow.
  cluster: [
    ...['domain', 'protocol', 'config', 'clock', 'database', 'auth', 'instruments', 'snapshot', 'market'],
  ],
  schedule: [
    'cluster',
    ...['domain', 'config', 'clock', 'upstox', 'database', 'auth', 'instruments', 'snapshot', 'market'],
  ],
  gateway: [
    ...['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'http', 'auth', 'instruments'],
    ...['snapshot', 'market'],
  ],
  health: [
    ...['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'auth', 'instruments', 'snapshot'],
    ...['market', 'cluster'],
  ],
  // The demo starts the simulator and the server; the others open the core and call its services.
  commands: [
    ...['domain', 'protocol', 'config', 'clock', 'upstox', 'database', 'auth', 'instruments', 'snapshot'],
    ...['market', 'simulator', 'core.module.ts', 'bootstrap.ts', 'shutdown.ts', 'client-folder.ts'],
    'app-logger.ts',
  ],
  simulator: [],
};

/** Where things are put together: files at the top of `server/` may import every folder. */
const isComposition = (path: string): boolean => /^server\/[^/]+\.ts$/.test(path);

const MAY_IMPORT_HTTP = ['auth', 'instruments', 'snapshot', 'market', 'gateway'];

const server = readSources('server');
const client = readSources('client');
const tests = readSources('test');

/** `server/auth/x.ts` → `auth`; `server/main.ts` → `main.ts`. */
const partOf = (path: string): string => path.split('/')[1] ?? path;
const inside = (folder: string, files: readonly SourceFile[]): SourceFile[] =>
  files.filter(({ path }) => path.startsWith(`${folder}/`));
const importsOf = (files: readonly SourceFile[]): Import[] => files.flatMap(({ imports }) => imports);
const told = ({ from, to }: Import): string => `${from} → ${to}`;

function forbidden(files: readonly SourceFile[], allows: (one: Import) => boolean): string[] {
  return importsOf(files)
    .filter((one) => !allows(one))
    .map(told);
}

describe('the reader of imports', () => {
  it('should see what there is to see', () => {
    expect(server.length).toBeGreaterThan(150);
    expect(client.filter(({ path }) => path.endsWith('.svelte')).length).toBeGreaterThan(15);
    const all = importsOf([...server, ...client]);
    expect(all.length).toBeGreaterThan(700);
    const lost = all.filter(({ isPackage, to }) => !isPackage && !/\.(ts|svelte|css|mjs)$/.test(to));
    expect(lost.map(told)).toEqual([]);
  });

  it('should tell types from values, and find what only a dynamic import names', () => {
    const feed = server.find(({ path }) => path === 'server/snapshot/feed.ts');
    expect(feed?.imports.find(({ to }) => to === 'server/protocol/index.ts')?.typeOnly).toBe(true);
    expect(feed?.imports.find(({ to }) => to === '@nestjs/common')?.typeOnly).toBe(false);
  });

  it('should find a cycle where there is one', () => {
    const file = (path: string, to: string): SourceFile => ({
      path,
      lines: 1,
      imports: [{ from: path, to, isPackage: false, typeOnly: false }],
      readsEnvironment: false,
      isEntry: false,
    });
    expect(cyclesIn([file('a', 'b'), file('b', 'c'), file('c', 'b')])).toEqual([['b', 'c', 'b']]);
    expect(cyclesIn([file('a', 'b'), file('b', 'c')])).toEqual([]);
  });
});

describe('the folders of the server', () => {
  it('should all have a rule', () => {
    const folders = new Set(
      server.filter(({ path }) => !isComposition(path)).map(({ path }) => partOf(path)),
    );
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it.each(Object.entries(MAY_IMPORT))('should hold to it: %s', (folder, allowed) => {
    const others = forbidden(inside(`server/${folder}`, server), ({ to, isPackage }) => {
      if (isPackage || !to.startsWith('server/')) return isPackage;
      return partOf(to) === folder || allowed.includes(partOf(to));
    });
    expect(others).toEqual([]);
  });

  it('should import no test and nothing of the client', () => {
    expect(forbidden(server, ({ to, isPackage }) => isPackage || to.startsWith('server/'))).toEqual([]);
  });

  it('should import `http` only where HTTP is answered', () => {
    const strangers = importsOf(server).filter(
      ({ from, to }) =>
        to.startsWith('server/http/') &&
        !isComposition(from) &&
        ![...MAY_IMPORT_HTTP, 'http'].includes(partOf(from)),
    );
    expect(strangers.map(told)).toEqual([]);
  });

  it('should have no import cycles', () => {
    expect(cyclesIn(server)).toEqual([]);
  });
});

describe('the pure parts', () => {
  it('should keep the domain free of every package and of Node', () => {
    expect(forbidden(inside('server/domain', server), ({ isPackage }) => !isPackage)).toEqual([]);
  });

  it('should keep the protocol to types of the domain and constants of its own', () => {
    const allows = ({ to, typeOnly, isPackage }: Import): boolean =>
      !isPackage && (to.startsWith('server/protocol/') || (to.startsWith('server/domain/') && typeOnly));
    expect(forbidden(inside('server/protocol', server), allows)).toEqual([]);
  });
});

describe('the client', () => {
  it('should import the protocol and nothing else of the server', () => {
    const allows = ({ to, isPackage }: Import): boolean =>
      isPackage || to.startsWith('client/') || to === 'server/protocol/index.ts';
    expect(forbidden(client, allows)).toEqual([]);
  });

  it('should use no package but Svelte, the socket and the fonts', () => {
    const allows = ({ to, isPackage }: Import): boolean =>
      !isPackage || /^(svelte|socket\.io-client|@fontsource)/.test(to);
    expect(forbidden(client, allows)).toEqual([]);
  });

  it('should have no import cycles', () => {
    expect(cyclesIn(client)).toEqual([]);
  });
});

describe('the simulator', () => {
  it('should be imported by the commands that start it, and by tests', () => {
    const users = importsOf(server)
      .filter(({ from, to }) => to.startsWith('server/simulator/') && !from.startsWith('server/simulator/'))
      .map(({ from }) => from);
    expect(users.filter((path) => !/^server\/commands\/(demo|simulat)/.test(path))).toEqual([]);
    expect(users).not.toEqual([]);
  });
});

describe('the independent checker', () => {
  it('should share nothing with the server, not even types', () => {
    const checker = inside('test/support/truth', tests);
    expect(checker.length).toBeGreaterThan(5);
    const allows = ({ to, isPackage }: Import): boolean =>
      isPackage || to.startsWith('test/support/truth/') || to === 'test/support/shared-data.ts';
    expect(forbidden(checker, allows)).toEqual([]);
  });
});

describe('what only some files may do', () => {
  it('should be left to server/config: reading the environment', () => {
    const readers = [...server, ...client].filter((file) => file.readsEnvironment).map(({ path }) => path);
    expect(readers.filter((path) => !path.startsWith('server/config/'))).toEqual([]);
    expect(readers).not.toEqual([]);
  });

  it('should be left to entry files: import.meta and top-level await', () => {
    const entries = server.filter((file) => file.isEntry).map(({ path }) => path);
    expect(entries.sort()).toEqual(['server/cli.ts', 'server/client-folder.ts', 'server/main.ts']);
  });
});

it('should name the files that have grown beyond 250 lines', () => {
  const long = [...server, ...client].filter(({ lines }) => lines > 250);
  if (long.length > 0)
    console.info(`Longer than 250 lines: ${long.map(({ path, lines }) => `${path} (${lines})`).join(', ')}`);
  expect(long.filter(({ lines }) => lines > 400).map(({ path }) => path)).toEqual([]);
});
