import '@testing-library/jest-dom/vitest';

import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);

// What jsdom has not, since it lays nothing out; the parts of the page only want them to be there.
const list = { matches: false, addEventListener: () => undefined, removeEventListener: () => undefined };
window.matchMedia = () => list as unknown as MediaQueryList;
window.ResizeObserver = class {
  observe = () => undefined;
  unobserve = () => undefined;
  disconnect = () => undefined;
};
