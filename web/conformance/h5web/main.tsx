/**
 * H5Web as its makers ship it, on our h5grove API: `?file=PID&path=/inner/path`. tests/browser/test_h5web.py opens it;
 * benchmarks/viewer.py does with `&server=` the path of h5grove's own.
 */

import '@h5web/app/styles.css';

import { App, H5GroveProvider } from '@h5web/app';
import { createRoot } from 'react-dom/client';

const wanted = new URLSearchParams(window.location.search);
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <H5GroveProvider url={window.location.origin + (wanted.get('server') ?? '/h5grove')} filepath={wanted.get('file') ?? ''}>
      <App initialPath={wanted.get('path') ?? '/'} />
    </H5GroveProvider>,
  );
}
