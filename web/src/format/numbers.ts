/** Numbers as people of the field write them: sensible digits, units, powers of ten; no grouping of digits in values. */

const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹',
};

const UNIT_TEXT: Record<string, string> = {
  angstrom: 'Å', angstroms: 'Å', ang: 'Å', A: 'Å', um: 'µm', micrometer: 'µm', micron: 'µm', microns: 'µm',
  degree: '°', degrees: '°', deg: '°', celsius: '°C', degC: '°C', kelvin: 'K', second: 's', seconds: 's',
  meter: 'm', metre: 'm', millimeter: 'mm', nanometer: 'nm', kiloelectron_volt: 'keV', electron_volt: 'eV',
  '1/angstrom': 'Å⁻¹', '1/ang': 'Å⁻¹', '1/A': 'Å⁻¹', 'A^-1': 'Å⁻¹', '1/nm': 'nm⁻¹', 'nm^-1': 'nm⁻¹', '1/cm': 'cm⁻¹',
  'cm^-1': 'cm⁻¹', 'angstrom^-1': 'Å⁻¹', '1e-6/angstrom^2': '10⁻⁶ Å⁻²', percent: '%', arbitrary: 'a.u.', dimensionless: '', '1': '',
  'kg·m²/s²': 'J', 'kg·m/s²': 'N', 'kg/m/s²': 'Pa', 'kg·m²/s³': 'W', 'kg·m²/A/s³': 'V', 'kg/A/s²': 'T', 'A·s': 'C',
};

export function superscript(value: number): string {
  return String(value).replace(/[-\d]/gu, (digit) => SUPERSCRIPT[digit] ?? digit);
}

/** `Å` for `angstrom`, `nm⁻¹` for `1/nm`; anything unknown stays as the file wrote it. */
export function unitText(unit: string | null | undefined): string {
  if (!unit) return '';
  const known = UNIT_TEXT[unit] ?? UNIT_TEXT[unit.toLowerCase()];
  return known ?? unit.replace(/\^?\*{0,2}(-\d+)\b/gu, (_, power: string) => superscript(Number(power)));
}

/** `digits` significant digits; outside 10⁻³ … 10⁵ as a power of ten. Trailing zeros are dropped. */
export function number(value: number, digits = 4): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value).replace('-', '−');
  const exponent = Math.floor(Math.log10(Number(size.toPrecision(digits))));
  const text =
    exponent < -3 || exponent > 5
      ? power(value / 10 ** exponent, exponent, digits)
      : String(Number(value.toPrecision(Math.max(digits, exponent + 1))));
  return text.replace('-', '−');
}

function power(mantissa: number, exponent: number, digits: number): string {
  const lead = String(Number(mantissa.toPrecision(digits)));
  return `${lead} × 10${superscript(exponent)}`;
}

/** `7.123 keV`; degrees and per cent follow typographic custom. */
export function quantity(value: number | string, unit?: string | null, digits = 4): string {
  const text = typeof value === 'number' ? number(value, digits) : value;
  const suffix = unitText(unit);
  if (suffix === '') return text;
  return suffix === '°' ? `${text}${suffix}` : `${text}\u202F${suffix}`;
}

/** `33.4(9)`: the uncertainty in units of the last digit, one digit, two below 2. */
export function withUncertainty(value: number, error: number): string {
  if (!(error > 0) || !Number.isFinite(error) || !Number.isFinite(value)) return number(value);
  const exponent = Math.floor(Math.log10(error));
  const keep = error / 10 ** exponent < 1.95 ? 1 : 0;
  const decimals = Math.max(0, keep - exponent);
  if (decimals > 8 || Math.abs(value) >= 1e7) return `${number(value)} ± ${number(error, 2)}`;
  const last = Math.round(error * 10 ** decimals);
  return `${value.toFixed(decimals).replace('-', '−')}(${String(last)})`;
}

const GROUPED = new Intl.NumberFormat('en', { useGrouping: true });

/** Counts of things: `12,400`. */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** `1 dataset`, `3 datasets`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal sizes, three digits at most: `18.0 MB`, `4.2 GB`. */
export function bytes(value: number): string {
  let size = Math.max(0, value);
  let step = 0;
  while (size >= 999.5 && step < SIZES.length - 1) {
    size /= 1000;
    step += 1;
  }
  const text = step === 0 ? String(Math.round(size)) : size >= 99.95 ? size.toFixed(0) : size.toFixed(1);
  return `${text}\u202F${SIZES[step] ?? 'B'}`;
}

/** `200 × 2167 × 2070`, `scalar`. */
export function shape(dimensions: readonly number[] | null | undefined): string {
  if (!dimensions) return '';
  return dimensions.length === 0 ? 'scalar' : dimensions.join(' × ');
}

export function percent(fraction: number): string {
  const value = Math.min(1, Math.max(0, fraction)) * 100;
  return `${value > 0 && value < 1 ? '<1' : String(Math.floor(value))}\u202F%`;
}
