/** Values with sensible digits, uncertainties as in print, units as people write them. */

const SUPERSCRIPTS: Record<string, string> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

export function superscript(exponent: number): string {
  return String(exponent).replace(/./g, (digit) => SUPERSCRIPTS[digit] ?? digit);
}

const UNIT_NAMES: Record<string, string> = {
  angstrom: 'Å',
  angstroms: 'Å',
  ang: 'Å',
  å: 'Å',
  degree: '°',
  degrees: '°',
  deg: '°',
  micron: 'µm',
  microns: 'µm',
  um: 'µm',
  micrometer: 'µm',
  us: 'µs',
  microsecond: 'µs',
  microseconds: 'µs',
  second: 's',
  seconds: 's',
  meter: 'm',
  metre: 'm',
  millimeter: 'mm',
  nanometer: 'nm',
  kelvin: 'K',
  celsius: '°C',
  degc: '°C',
  count: 'counts',
  radian: 'rad',
  radians: 'rad',
};

const DIMENSIONLESS = new Set(['', '1', 'none', 'dimensionless', 'unitless', 'n/a', 'any', 'pixel', 'pixels']);

const ARBITRARY = new Set(['arbitrary', 'arbitrary units', 'arb. units', 'arb. u.', 'a.u.']);

/** '1/angstrom', 'angstrom^-1', 'A-1' → 'Å⁻¹', 'arbitrary' → 'a.u.'; unknown units stay as written; '' for dimensionless ones. */
export function prettyUnit(unit: string | null | undefined): string {
  const text = (unit ?? '').trim();
  if (DIMENSIONLESS.has(text.toLowerCase())) return '';
  if (ARBITRARY.has(text.toLowerCase())) return 'a.u.';
  const inverse = /^1(?:e([+-]?\d+))?\s*\/\s*\(?([A-Za-zµÅ]+)(?:\^(\d+))?\)?$/.exec(text);
  if (inverse?.[2]) {
    const factor = inverse[1] === undefined ? '' : `10${superscript(Number(inverse[1]))} `;
    return `${factor}${poweredSymbol(inverse[2])}${superscript(-Number(inverse[3] ?? 1))}`;
  }
  const per = /^([A-Za-zµÅ]+)\s*\/\s*([A-Za-zµÅ]+)$/.exec(text);
  if (per?.[1] && per[2]) return `${unitSymbol(per[1])}/${unitSymbol(per[2])}`;
  return text
    .split(/[\s*·]+/)
    .map((factor) => {
      const power = /^([A-Za-zµÅ]+)(?:\^|\*\*)?\{?([+-]?\d+)\}?$/.exec(factor);
      return power?.[1] && power[2] ? poweredSymbol(power[1]) + superscript(Number(power[2])) : unitSymbol(factor);
    })
    .join(' ');
}

function unitSymbol(name: string): string {
  return UNIT_NAMES[name.toLowerCase()] ?? name;
}

/** With a power 'A' means Å ('1/A', 'A-1'), alone it may be ampere and stays as written. */
function poweredSymbol(name: string): string {
  return name === 'A' ? 'Å' : unitSymbol(name);
}

/** 'Scattering vector (Å⁻¹)'; 'Counts' needs no '(counts)'. */
export function axisLabel(name: string, unit: string | null | undefined): string {
  const pretty = prettyUnit(unit);
  return pretty && pretty.toLowerCase() !== name.toLowerCase() ? `${name} (${pretty})` : name;
}

/** Names that say no more than that there are values. */
const NAMELESS = new Set(['data', 'value', 'values', 'signal']);

/** What an array's values are, with their unit; 'Value' where neither a title nor a name says. */
export function valueLabel({ title, path, unit }: { readonly title: string | null; readonly path: string; readonly unit: string | null }): string {
  const name = baseName(path);
  return axisLabel(title ?? (NAMELESS.has(name.toLowerCase()) ? 'Value' : name), unit);
}

/** Up to `digits` significant digits; powers of ten as 1.2 × 10⁵; whole numbers below 10⁷ in full. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'no value';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (Number.isInteger(value) && magnitude < 1e7) return minus(String(value));
  if (magnitude >= 1e5 || magnitude < 1e-3) {
    const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e');
    return `${minus(trimZeros(mantissa))} × 10${superscript(Number(exponent))}`;
  }
  const text = value.toPrecision(digits);
  // '1.00e+5' where fewer digits are wanted than stand before the point.
  return minus(text.includes('e') ? String(Number(text)) : trimZeros(text));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function minus(text: string): string {
  return text.replace('-', '−');
}

/** 33.4(9): the uncertainty in the last digits, two of them when they begin with 1. */
export function formatUncertain(value: number, error: number | null | undefined): string {
  if (error === null || error === undefined || !(error > 0) || !Number.isFinite(error) || !Number.isFinite(value)) {
    return formatNumber(value);
  }
  const lead = Math.floor(Math.log10(error));
  const digits = Number(error.toExponential(0).charAt(0)) === 1 ? 1 : 0;
  const decimals = digits - lead;
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= 5 || exponent < -3) {
    const scale = 10 ** exponent;
    const places = Math.max(0, decimals + exponent);
    const shown = Math.round((error / scale) * 10 ** places);
    return `${minus((value / scale).toFixed(Math.min(places, 12)))}(${shown}) × 10${superscript(exponent)}`;
  }
  if (decimals <= 0) {
    const unit = 10 ** -decimals;
    return `${minus(String(Math.round(value / unit) * unit))}(${Math.round(error / unit) * unit})`;
  }
  return `${minus(value.toFixed(Math.min(decimals, 12)))}(${Math.round(error * 10 ** decimals)})`;
}

/** '12.3 keV' or '12.3'. */
export function withUnit(text: string, unit: string | null | undefined): string {
  const pretty = prettyUnit(unit);
  if (!pretty) return text;
  return pretty === '°' ? `${text}°` : `${text} ${pretty}`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let power = 0;
  let size = bytes;
  while (size >= 1000 && power < units.length - 1) {
    size /= 1000;
    power++;
  }
  return `${power === 0 ? size : size.toPrecision(3)} ${units[power] ?? ''}`;
}

/** Last part of an inner path: '/entry/data/q' → 'q'. */
export function baseName(path: string): string {
  return path.split('/').filter(Boolean).at(-1) ?? path;
}
