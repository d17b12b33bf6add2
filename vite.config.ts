import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const tracker = `http://127.0.0.1:${process.env['PORT'] ?? '5000'}`;

/** Of the library's three transports the page uses one: polling over XHR and WebTransport stay out of the bundle. */
const webSocketOnly: Plugin = {
  name: 'websocket-only',
  load: (id) =>
    id.endsWith('/engine.io-client/build/esm/transports/index.js')
      ? "import { WS } from './websocket.js'; export const transports = { websocket: WS };"
      : null,
};

const START =
  /client\/main\.ts|\/node_modules\/(svelte\/(?!.*\/blocks\/each)|clsx|esm-env)|vite\/preload|components\/(NotLoaded|ProblemNote|Brand)\.svelte/;

export default defineConfig({
  root: 'client',
  plugins: [svelte({ configFile: '../svelte.config.js' }), webSocketOnly],
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
