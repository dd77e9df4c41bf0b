import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** H5Web alone, with the `ndarray` that it comes with; no part of the product. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [react()],
  build: { minify: false, chunkSizeWarningLimit: 10_000, emptyOutDir: true },
});
