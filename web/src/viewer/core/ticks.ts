/** Tick positions and labels for figures and small plots. */

import type { Domain } from './numbers';
import { superscript } from './format';

export type AxisScale = 'linear' | 'log';

export interface Tick {
  readonly value: number;
  /** Empty for minor ticks. */
  readonly label: string;
}

function niceStep(span: number, count: number): number {
  const raw = span / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const fraction = raw / power;
  const nice = fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10;
  return nice * power;
}

function linearTicks([low, high]: Domain, count: number): Tick[] {
  const span = high - low;
  if (!(span > 0)) return [{ value: low, label: tickLabel(low, 1) }];
  const step = niceStep(span, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step;
    return { value, label: tickLabel(value, step) };
  });
}

/** As many decimals as the step needs; powers of ten for very large and very small numbers. */
export function tickLabel(value: number, step: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-12);
  const stepExponent = Math.floor(Math.log10(step) + 1e-9);
  const decimals = Math.max(0, -stepExponent);
  if (exponent >= 5 || exponent < -3) {
    const places = Math.min(Math.max(0, exponent - stepExponent), 8);
    return `${(value / 10 ** exponent).toFixed(places)}×10${superscript(exponent)}`.replace('-', '−');
  }
  return value.toFixed(Math.min(decimals, 10)).replace('-', '−');
}

function logTicks([low, high]: Domain, count: number): Tick[] {
  if (!(low > 0) || !(high > low)) return [];
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(count, 2)));
  const few = last - first <= 2;
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power++) {
    for (let digit = 1; digit < 10; digit++) {
      const value = digit * 10 ** power;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const labelled = digit === 1 ? power % every === 0 : few && (digit === 2 || digit === 5);
      ticks.push({ value, label: labelled ? logLabel(digit, power) : '' });
    }
  }
  return ticks;
}

function logLabel(digit: number, power: number): string {
  if (power >= -3 && power <= 3) return String(Number((digit * 10 ** power).toPrecision(3)));
  return digit === 1 ? `10${superscript(power)}` : `${digit}×10${superscript(power)}`;
}

/** Label of a tick that a plot library placed: plain numbers, powers of ten far from one. */
export function plainTickLabel(value: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-12);
  if (exponent >= 5 || exponent < -3) {
    return `${Number((value / 10 ** exponent).toPrecision(6))}×10${superscript(exponent)}`.replace('-', '−');
  }
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

/** Labels along what is numbered: between two of them there is nothing. */
export function wholeTickLabel(value: number): string {
  return Number.isInteger(value) ? plainTickLabel(value) : '';
}

/** Labels for the ticks of a log axis: decades, and 2 and 5 between them where there is room. */
export function logTickLabel([low, high]: Domain): (value: number) => string {
  const decades = Math.log10(high / low);
  const every = decades > 12 ? Math.ceil(decades / 8) : 1;
  return (value) => {
    const power = Math.floor(Math.log10(value) + 1e-9);
    const digit = Math.round(value / 10 ** power);
    if (digit === 1) return power % every === 0 ? logLabel(1, power) : '';
    return decades <= 2.5 && (digit === 2 || digit === 5) ? logLabel(digit, power) : '';
  };
}

export function ticks(domain: Domain, scale: AxisScale, count: number): Tick[] {
  return scale === 'log' ? logTicks(domain, count) : linearTicks(domain, count);
}

/** Of an axis that numbers things: whole numbers, written without a point. */
export function wholeTicks(domain: Domain, count: number): Tick[] {
  return linearTicks(domain, count).flatMap((tick) => (Number.isInteger(tick.value) ? [{ ...tick, label: String(tick.value) }] : []));
}

/** Value → position in [0, size]; non-positive values on a log axis give NaN. */
export function project(value: number, domain: Domain, scale: AxisScale, size: number): number {
  const forward = scale === 'log' ? Math.log10 : (v: number) => v;
  if (scale === 'log' && !(value > 0)) return NaN;
  const [low, high] = [forward(domain[0]), forward(domain[1])];
  return high === low ? size / 2 : ((forward(value) - low) / (high - low)) * size;
}

/** The domain of some values with a margin of 4 %, fit for the scale. */
export function paddedDomain(low: number, high: number, scale: AxisScale): Domain {
  if (scale === 'log') {
    if (!(high > 0)) return [0.1, 1];
    const floor = low > 0 ? low : high / 1e6;
    const margin = floor < high ? (high / floor) ** 0.04 : 1.5;
    return [floor / margin, high * margin];
  }
  const margin = (high - low) * 0.04 || Math.abs(low) * 0.1 || 0.5;
  return [low - margin, high + margin];
}
