import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` and `npm run preview` send requests for data: a running `pandaas demo`. */
const backend = process.env.PANDAAS_URL ?? 'http://127.0.0.1:8000';
const proxy = Object.fromEntries(
  ['/api', '/h5grove', '/zarr'].map((prefix) => [prefix, { target: backend, changeOrigin: false }]),
);

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      // `ndarray` compiles code at run time, which the content security policy forbids.
      ndarray: fileURLToPath(new URL('./src/csp/ndarray.ts', import.meta.url)),
      'ndarray-ops': fileURLToPath(new URL('./src/csp/ndarray-ops.ts', import.meta.url)),
    },
  },
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy },
  build: {
    target: 'es2022',
    // Older targets would have `light-dark()` rewritten in a way that Mantine's colour scheme does not drive.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // No data: URIs for scripts, styles or fonts: the content security policy allows 'self' only.
    assetsInlineLimit: 0,
    // The viewer carries three.js; it is loaded when a dataset is opened, never with the first page.
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // The platform's page, and that of `pandaas view`.
      input: { index: at('./index.html'), view: at('./view.html') },
    },
  },
  test: {
    css: false,
    restoreMocks: true,
    // A document takes a second to make: components have one, plain code only where its file asks for it.
    // Files of plain code share their modules: loading them anew for each took half of the time.
    projects: [
      {
        extends: true,
        test: { name: 'components', include: ['src/**/*.test.tsx'], environment: 'jsdom', setupFiles: ['./src/test-setup.ts'] },
      },
      { extends: true, test: { name: 'code', include: ['src/**/*.test.ts'], environment: 'node', isolate: false } },
    ],
  },
});
