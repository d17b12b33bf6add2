import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const tracker = `http://127.0.0.1:${process.env['PORT'] ?? '5000'}`;

/**
 * Of the library's three transports the page uses one: polling over XHR and WebTransport stay out of the bundle, and what
 * unpacks the base64 in which polling alone carries attachments.
 */
const NOT_BUNDLED: readonly (readonly [file: string, instead: string])[] = [
  [
    '/engine.io-client/build/esm/transports/index.js',
    "import { WS } from './websocket.js'; export const transports = { websocket: WS };",
  ],
  [
    '/engine.io-parser/build/esm/contrib/base64-arraybuffer.js',
    "export const decode = () => { throw new Error('base64 is for polling'); };",
  ],
];
const webSocketOnly: Plugin = {
  name: 'websocket-only',
  load: (id) => NOT_BUNDLED.find(([file]) => id.endsWith(file))?.[1] ?? null,
};

interface Bundled {
  name: string;
  version: string;
  license: string;
  /** The licence in full. */
  text: string;
}

/** The package that a module or a file of the bundle comes from; `null` for our own. The builder adds parts of itself. */
function packageFolder(id: string): string | null {
  const own = /^\0(vite|rolldown)\//.exec(id)?.[1];
  if (own !== undefined) return join(import.meta.dirname, 'node_modules', own);
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/'))?.[0] ?? null;
}

function readPackage(folder: string): Bundled {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Bundled;
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.|$)/i.test(one));
  if (file === undefined) throw new Error(`${name} comes without the text of its licence`);
  // What the builder itself is made of is not in the bundle.
  const [text = ''] = readFileSync(join(folder, file), 'utf8').split(/^# Licenses of bundled dependencies/m);
  return { name, version, license, text: text.trim() };
}

/** Puts the licence of everything that is bundled beside it, as the licences ask for. `bin/licences.mjs` reads the list. */
const licences: Plugin = {
  name: 'licences',
  generateBundle(_options, bundle) {
    const ids = Object.values(bundle).flatMap((part) =>
      part.type === 'chunk' ? part.moduleIds : part.originalFileNames,
    );
    // Files are named from the root of the screens, modules in full.
    const all = ids
      .map(packageFolder)
      .filter((folder) => folder !== null)
      .map((folder) => readPackage(resolve(import.meta.dirname, 'client', folder)));
    const packages = [...new Map(all.map((one) => [`${one.name} ${one.version}`, one])).values()].sort(
      (a, b) => (a.name < b.name ? -1 : 1),
    );
    const source = packages.map(
      ({ name, version, license, text }) => `=== ${name} ${version} (${license})\n\n${text}\n`,
    );
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: source.join('\n') });
    const font = packages.find(({ license }) => license === 'OFL-1.1');
    if (font)
      this.emitFile({ type: 'asset', fileName: 'assets/inter-OFL-1.1.txt', source: `${font.text}\n` });
  },
};

const START =
  /client\/main\.ts|\/node_modules\/(svelte\/(?!.*\/blocks\/each)|clsx|esm-env)|vite\/preload|components\/(NotLoaded|ProblemNote|Brand)\.svelte/;

export default defineConfig({
  root: 'client',
  plugins: [svelte({ configFile: '../svelte.config.js' }), webSocketOnly, licences],
  build: {
    outDir: '../dist/client',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    // Each browser that knows `es2023` loads modules ahead by itself.
    modulePreload: { polyfill: false },
    // A library's module counts only for what is imported of it: neither of the two does anything by being loaded.
    rolldownOptions: {
      treeshake: { moduleSideEffects: (id) => !/\/node_modules\/(svelte|(engine|socket)\.io)/.test(id) },
      // A request costs more than bytes: the first paint is one file, with the runtime that all parts share, and the
      // workspace another. Lists come with the latter, since the first paint has none.
      output: {
        codeSplitting: {
          groups: [
            { name: 'start', priority: 1, test: START },
            { name: 'workspace', test: /client\/workspace\.ts|\/svelte\/.*\/blocks\/each/ },
          ],
        },
      },
    },
    // The styles of all parts are small, and so there before any of them.
    cssCodeSplit: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': tracker,
      '/callback': tracker,
      '/socket.io': { target: tracker, ws: true },
    },
  },
});
