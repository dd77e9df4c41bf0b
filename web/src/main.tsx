import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
// In a cascade layer, so that our own styles win whichever file the browser reads first.
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import '@mantine/spotlight/styles.layer.css';
import './app/base.css';

import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { ApiError } from './api/errors';
import { Live } from './api/live';
import { LiveContext } from './app/live-context';
import { nameLostParts } from './app/lost-part';
import { router } from './app/router';
import { theme, variables } from './app/theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream says when something changed; a minute covers what it does not report.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      // Only what may heal by itself is tried again: no answer, or a server that is starting or busy.
      retry: (failures, error) =>
        failures < 3 && (!(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status === 503),
    },
  },
});
const live = new Live(queries);
nameLostParts();

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root element.');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <LiveContext.Provider value={live}>
          <ModalsProvider>
            <Notifications position="bottom-right" limit={4} />
            <RouterProvider router={router} />
          </ModalsProvider>
        </LiveContext.Provider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
