/** The same bounds that the server checks, told next to the field while typing. */
import { number, quantity } from '@/format';

import type { Field, Kind } from './schema';

/** Path of a field (`model`, `parameters.2.min`) → what is wrong with it. */
export type Faults = Record<string, string>;

export function validateAll(fields: readonly Field[], values: Readonly<Record<string, unknown>>, prefix = ''): Faults {
  return Object.assign({}, ...fields.map((field) => validate(field, values[field.name], prefix + field.name))) as Faults;
}

export function validate(field: Field, value: unknown, path: string): Faults {
  if (value === null || value === undefined || value === '') {
    const empty = field.optional || (field.kind.is === 'text' && !field.required && !field.kind.shortest);
    return empty ? {} : { [path]: `${field.title} is needed.` };
  }
  const { kind } = field;
  switch (kind.is) {
    case 'integer':
    case 'number':
      return fault(path, numberFault(kind, value, field.unit));
    case 'text':
      return fault(path, textFault(kind, value));
    case 'list':
    case 'table':
      return listFaults(kind, value, path);
    case 'object':
      return isRecord(value) ? validateAll(kind.fields, value, `${path}.`) : {};
    default:
      return {};
  }
}

function fault(path: string, text: string | null): Faults {
  return text === null ? {} : { [path]: text };
}

function numberFault(kind: Extract<Kind, { is: 'integer' | 'number' }>, value: unknown, unit: string | null): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'Enter a number.';
  if (kind.is === 'integer' && !Number.isInteger(value)) return 'Enter a whole number.';
  if (kind.from !== undefined && value < kind.from) return `At least ${quantity(kind.from, unit)}.`;
  if (kind.to !== undefined && value > kind.to) return `At most ${quantity(kind.to, unit)}.`;
  if (kind.above !== undefined && value <= kind.above) return `More than ${quantity(kind.above, unit)}.`;
  if (kind.below !== undefined && value >= kind.below) return `Less than ${quantity(kind.below, unit)}.`;
  return null;
}

function textFault(kind: Extract<Kind, { is: 'text' }>, value: unknown): string | null {
  if (typeof value !== 'string') return 'Enter a text.';
  if (kind.longest !== undefined && value.length > kind.longest) return `At most ${number(kind.longest)} characters.`;
  if (kind.shortest !== undefined && value.length < kind.shortest) return `At least ${number(kind.shortest)} characters.`;
  if (kind.pattern !== undefined && !matches(kind.pattern, value)) return `Must look like ${kind.pattern}`;
  return null;
}

/** A pattern that this browser can't read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

function listFaults(kind: Extract<Kind, { is: 'list' | 'table' }>, value: unknown, path: string): Faults {
  if (!Array.isArray(value)) return { [path]: 'Enter a list.' };
  if (value.length < kind.least) return { [path]: `At least ${number(kind.least)} are needed.` };
  if (kind.most !== null && value.length > kind.most) return { [path]: `At most ${number(kind.most)}.` };
  const each = (value as unknown[]).map((item, index) => {
    const at = `${path}.${String(index)}`;
    if (kind.is === 'list') return validate(kind.item, item, at);
    return isRecord(item) ? validateAll(kind.columns, item, `${at}.`) : {};
  });
  return Object.assign({}, ...each) as Faults;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The range of a number in words: `10 to 20000`, `more than 0 mm`. */
export function boundsText(kind: Kind, unit: string | null): string {
  if (kind.is !== 'integer' && kind.is !== 'number') return '';
  const low = kind.from ?? kind.above;
  const high = kind.to ?? kind.below;
  if (low !== undefined && high !== undefined) return `${number(low, 6)} to ${quantity(high, unit, 6)}`;
  if (low !== undefined) return `${kind.from !== undefined ? 'at least' : 'more than'} ${quantity(low, unit, 6)}`;
  if (high !== undefined) return `${kind.to !== undefined ? 'at most' : 'less than'} ${quantity(high, unit, 6)}`;
  return '';
}
