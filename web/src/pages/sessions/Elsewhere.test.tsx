import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { beforeAll, expect, it } from 'vitest';

import type { WorkSessionOut } from '@/api/types';

import { codeFor, Elsewhere } from './Elsewhere';

const SESSION = {
  program_title: 'JupyterLab at The hub',
  provider: 'The hub',
  address: 'https://hub.example.org/user/alice/s-1/lab',
  phase: '',
  datasets: [{ pid: 'ds-1', title: 'Silica' }],
  missing: ['It is not closed off to your choice.'],
} as unknown as WorkSessionOut;

beforeAll(() => {
  const list = { matches: false, addEventListener: () => undefined, removeEventListener: () => undefined };
  window.matchMedia = () => list as unknown as MediaQueryList;
});

function show(more: Partial<WorkSessionOut> = {}) {
  return render(
    <MantineProvider>
      <Elsewhere session={{ ...SESSION, ...more }} />
    </MantineProvider>,
  );
}

it('leads to the provider in a tab that knows nothing of this one', () => {
  show();
  const link = screen.getByRole('link', { name: 'Open at The hub' });
  expect(link).toHaveProperty('href', SESSION.address);
  expect(link.getAttribute('target')).toBe('_blank');
  expect(link.getAttribute('rel')).toBe('noopener noreferrer');
});

it('says what it has not, and that its provider is silent', () => {
  show({ phase: 'The hub does not answer.' });
  expect(screen.getByText('It is not closed off to your choice.')).toBeTruthy();
  expect(screen.getByRole('status').textContent).toBe('The hub does not answer.');
});

it('gives code that signs in and opens each dataset, with no token in it', () => {
  const one = codeFor('https://data.example.org', [{ pid: 'ds-1', title: '' }]);
  expect(one.split('\n')).toEqual(['!pandaas login https://data.example.org', 'import pandaas', '', 'facility = pandaas.connect("https://data.example.org")', 'dataset = facility.dataset("ds-1")']);
  const two = codeFor('https://data.example.org', [
    { pid: 'ds-1', title: '' },
    { pid: 'ds-2', title: '' },
  ]);
  expect(two).toContain('dataset_2 = facility.dataset("ds-2")');
});
