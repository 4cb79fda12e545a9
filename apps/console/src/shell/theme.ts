import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** Colours with enough contrast for small text, in both schemes. */
export const theme = createTheme({
  // Dialogs appear at once for viewers who ask their system for less motion.
  respectReducedMotion: true,
  primaryColor: 'blue',
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: 'md',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.15rem' }, h3: { fontSize: '1rem' } } },
  components: {
    // In yellow the title would have too little contrast.
    Alert: { styles: { title: { color: 'var(--mantine-color-text)' } } },
    Input: { defaultProps: { size: 'sm' } },
    // While a colour changes, a label can have too little contrast.
    SegmentedControl: { defaultProps: { transitionDuration: 0 } },
    Table: { defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'lg' } },
    Modal: { defaultProps: { overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
  },
});

/** Mantine's own grey for secondary text has too little contrast, and so have its errors. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#525a62',
    '--mantine-color-placeholder': '#646c74',
    '--mantine-color-error': '#b02525',
    '--mantine-color-anchor': '#1864ab',
    // On the darker blue of a hovered link its label would have too little contrast.
    '--mantine-color-blue-light-hover': 'var(--mantine-color-blue-light)',
    '--mantine-color-body': '#ffffff',
    '--sendoff-ground': '#f6f7f9',
    '--sendoff-line': '#e3e6ea',
  },
  dark: {
    '--mantine-color-dimmed': '#b0b4ba',
    '--mantine-color-placeholder': '#9a9fa6',
    '--mantine-color-error': '#ff9d9d',
    '--mantine-color-anchor': '#74c0fc',
    '--mantine-color-body': '#1b1d21',
    '--sendoff-ground': '#141619',
    '--sendoff-line': '#31353b',
  },
});
