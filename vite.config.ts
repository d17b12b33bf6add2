import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const tracker = `http://127.0.0.1:${process.env['PORT'] ?? '5000'}`;

export default defineConfig({
  root: 'client',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  build: { outDir: '../dist/client', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': tracker,
      '/callback': tracker,
      '/socket.io': { target: tracker, ws: true },
    },
  },
});
