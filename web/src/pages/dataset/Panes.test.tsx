import { MantineProvider } from '@mantine/core';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { Panes } from './Panes';

it('keeps the keyboard at the details when they are opened and closed', async () => {
  const person = userEvent.setup();
  render(
    <MantineProvider>
      <Panes wide contents="contents" viewer="viewer" side="side" />
    </MantineProvider>,
  );
  screen.getByRole('button', { name: /^Details/ }).focus();
  await person.keyboard('{Enter}');
  await waitFor(() => expect(screen.getByRole('button', { name: 'Close the details' })).toHaveFocus());
  await person.keyboard('{Enter}');
  await waitFor(() => expect(screen.getByRole('button', { name: /^Details/ })).toHaveFocus());
});
