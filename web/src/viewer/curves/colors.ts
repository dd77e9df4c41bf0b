/** Colours of curves: told apart by people with colour vision deficiencies, with contrast on light and dark paper. */

const LIGHT = ['#1764c0', '#c8442f', '#1b8a5a', '#8d4fc4', '#a86a00', '#00838f', '#b03a76', '#5c6470'];
const DARK = ['#6cb2ff', '#ff8f73', '#5fd6a0', '#c6a0ff', '#f2b84b', '#4fd0dd', '#ff8fc3', '#b6bec9'];

export function curveColor(index: number, dark: boolean): string {
  const palette = dark ? DARK : LIGHT;
  return palette[index % palette.length] ?? '#1764c0';
}
