import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { beforeAll, describe, expect, it } from 'vitest';

import type { WorkSessionOut } from '@/api/types';

import { Ordered } from './Ordered';

beforeAll(() => {
  window.matchMedia = () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;
});

function shown(state: WorkSessionOut['state']): string {
  const session = { state, stop_at: '2026-11-27T12:00:00Z', stop_reason: 'The computer it waits for is taken out of service: new memory.' } as WorkSessionOut;
  render(
    <MantineProvider>
      <Ordered session={session} />
    </MantineProvider>,
  );
  return screen.getByRole('alert').textContent;
}

describe('an end that operators ordered', () => {
  it('says of a session in the queue that it may start until then, and why not later', () => {
    const text = shown('starting');
    expect(text).toContain('started or not');
    expect(text).toContain('new memory. Until then it may start still.');
  });

  it('says of one whose software is prepared that it will not start', () => {
    const text = shown('requested');
    expect(text).toContain('will not start now');
    expect(text).toContain('resume it when the computer is back');
  });

  it('says of one that runs to save the work', () => {
    expect(shown('ready')).toContain('Save your work');
  });
});
