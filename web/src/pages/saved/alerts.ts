export type Alert = 'none' | 'page' | 'mail';

export const ALERTS: { value: Alert; label: string }[] = [
  { value: 'none', label: 'Tell me nothing' },
  { value: 'page', label: 'Tell me in the page' },
  { value: 'mail', label: 'Tell me in the page and by mail' },
];
