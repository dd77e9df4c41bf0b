import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const petrol: MantineColorsTuple = [
  '#e8f4f8', '#d2e7ee', '#a5cfde', '#74b5cc', '#4d9fbc', '#3491b2', '#2286a9', '#147594', '#076783', '#005871',
];

/** Cool greys, so that pictures in viridis or inferno stand on neutral ground. */
const dark: MantineColorsTuple = [
  '#d6dce3', '#b4bdc8', '#929dab', '#66717f', '#3d4652', '#2f3741', '#252c35', '#1a2028', '#141920', '#0e1217',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 8, dark: 7 },
  colors: { petrol, dark },
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1rem', lineHeight: '1.4' },
      h3: { fontSize: '0.875rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 340 } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm' }, styles: { root: { textTransform: 'none', fontWeight: 500 } } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm' } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' } } },
  },
});

const STATE_COLORS = ['petrol', 'gray', 'red', 'grape', 'blue', 'teal', 'green', 'yellow', 'orange'] as const;

/** Text on tinted marks, darker (or lighter) than Mantine has it. */
function onTint(text: (color: string) => string): Record<string, string> {
  return Object.fromEntries(STATE_COLORS.map((color) => [`--mantine-color-${color}-light-color`, text(color)]));
}

/** All text reaches 4.5 : 1 against what it stands on. */
export const variables: CSSVariablesResolver = () => ({
  variables: { '--pd-header': '52px', '--pd-danger': 'var(--mantine-color-red-8)' },
  light: {
    ...onTint((color) => `color-mix(in srgb, var(--mantine-color-${color}-9) 72%, black)`),
    '--mantine-color-red-text': '#b42318',
    '--mantine-color-dimmed': '#566270',
    '--mantine-color-placeholder': '#6b7682',
    '--mantine-color-error': '#b42318',
    '--pd-panel': '#f7f9fa',
    '--pd-line': '#dfe4e8',
    '--pd-hover': '#eef3f5',
    '--pd-raised': '#ffffff',
  },
  dark: {
    ...onTint((color) => `var(--mantine-color-${color}-3)`),
    '--mantine-color-red-text': '#ff8a80',
    '--mantine-color-error': '#ff8a80',
    '--mantine-color-anchor': '#74b5cc',
    '--mantine-color-placeholder': '#8793a1',
    '--pd-panel': '#151a21',
    '--pd-line': '#2c343e',
    '--pd-hover': '#232a33',
    '--pd-raised': '#1f262f',
  },
});
