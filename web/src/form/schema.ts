/**
 * From the JSON Schema of a recipe's parameters (as pydantic writes it) to the fields of a form.
 *
 * Understood: integer, number, boolean, string, enum, const, optional values (`anyOf` with null), references, lists of
 * plain values, objects and lists of objects. Anything else is edited as JSON. Extras on a property: `unit`, `advanced`,
 * `group`, `x-order`, `x-labels` (enum value → words).
 */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  unit?: string;
  advanced?: boolean;
  group?: string;
  'x-order'?: number;
  'x-labels'?: Record<string, string>;
}

export type Choice = string | number | boolean;

export type Kind =
  | { is: 'integer' | 'number'; above?: number; from?: number; to?: number; below?: number }
  | { is: 'boolean' }
  | { is: 'choice'; choices: Choice[]; labels: Record<string, string> }
  | { is: 'text'; pattern?: string; longest?: number; shortest?: number }
  | { is: 'list'; item: Field; least: number; most: number | null }
  | { is: 'table'; columns: Field[]; least: number; most: number | null }
  | { is: 'object'; fields: Field[] }
  | { is: 'json' };

export interface Field {
  name: string;
  title: string;
  help: string;
  unit: string | null;
  group: string;
  advanced: boolean;
  order: number;
  /** May be left empty, which is null. */
  optional: boolean;
  required: boolean;
  default: unknown;
  kind: Kind;
}

/** The fields in the order in which they should stand; ties keep the order of the model. */
export function fieldsOf(schema: Schema, root: Schema = schema): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .map(([name, property]) => fieldOf(name, property, root, required.has(name)))
    .sort((a, b) => a.order - b.order);
}

function fieldOf(name: string, property: Schema, root: Schema, required: boolean): Field {
  const whole = resolve(property, root);
  const variants = (whole.anyOf ?? whole.oneOf ?? []).map((variant) => resolve(variant, root));
  const real = variants.filter(({ type }) => type !== 'null');
  const optional = variants.length !== real.length || (Array.isArray(whole.type) && whole.type.includes('null'));
  const single = variants.length === 0 ? whole : real.length === 1 ? { ...real[0], ...withoutVariants(whole) } : whole;
  return {
    name,
    title: whole.title ?? titleOf(name),
    help: whole.description ?? '',
    unit: whole.unit ?? null,
    group: whole.group ?? '',
    advanced: whole.advanced === true,
    order: whole['x-order'] ?? 1e6,
    optional,
    required,
    default: whole.default,
    kind: kindOf(single, root),
  };
}

function withoutVariants(schema: Schema): Schema {
  const rest = { ...schema };
  delete rest.anyOf;
  delete rest.oneOf;
  return rest;
}

/** Follows references; what stands beside a reference (title, unit, default) goes before what it leads to. */
function resolve(schema: Schema, root: Schema, depth = 0): Schema {
  const only = schema.allOf?.length === 1 ? schema.allOf[0] : undefined;
  const target = schema.$ref?.startsWith('#/$defs/') ? root.$defs?.[schema.$ref.slice(8)] : undefined;
  const next = only ?? target;
  if (!next || depth > 8) return schema;
  const own = { ...schema };
  delete own.allOf;
  delete own.$ref;
  return resolve({ ...next, ...own }, root, depth + 1);
}

function kindOf(schema: Schema, root: Schema): Kind {
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== 'null') : schema.type;
  const choices = schema.enum ?? (schema.const !== undefined ? [schema.const] : undefined);
  if (choices?.every(isChoice)) return { is: 'choice', choices, labels: schema['x-labels'] ?? {} };
  switch (type) {
    case 'integer':
    case 'number':
      return {
        is: type,
        ...(schema.minimum !== undefined && { from: schema.minimum }),
        ...(schema.maximum !== undefined && { to: schema.maximum }),
        ...(schema.exclusiveMinimum !== undefined && { above: schema.exclusiveMinimum }),
        ...(schema.exclusiveMaximum !== undefined && { below: schema.exclusiveMaximum }),
      };
    case 'boolean':
      return { is: 'boolean' };
    case 'string':
      return {
        is: 'text',
        ...(schema.pattern !== undefined && { pattern: schema.pattern }),
        ...(schema.maxLength !== undefined && { longest: schema.maxLength }),
        ...(schema.minLength !== undefined && { shortest: schema.minLength }),
      };
    case 'array':
      return listKind(schema, root);
    case 'object':
      return schema.properties ? { is: 'object', fields: fieldsOf(schema, root) } : { is: 'json' };
    default:
      return { is: 'json' };
  }
}

function listKind(schema: Schema, root: Schema): Kind {
  if (!schema.items) return { is: 'json' };
  const item = fieldOf('item', schema.items, root, true);
  const size = { least: schema.minItems ?? 0, most: schema.maxItems ?? null };
  if (item.kind.is === 'object') return { is: 'table', columns: item.kind.fields, ...size };
  if (item.kind.is === 'json' || item.kind.is === 'list' || item.kind.is === 'table') return { is: 'json' };
  return { is: 'list', item, ...size };
}

export function isChoice(value: unknown): value is Choice {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

export function titleOf(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a new row or an unset value starts with. */
export function initialOf(field: Field): unknown {
  if (field.default !== undefined) return field.default;
  if (field.optional) return null;
  switch (field.kind.is) {
    case 'boolean':
      return false;
    case 'choice':
      return field.kind.choices[0] ?? null;
    case 'list':
    case 'table':
      return [];
    case 'object':
      return Object.fromEntries(field.kind.fields.map((inner) => [inner.name, initialOf(inner)]));
    case 'text':
      return '';
    default:
      return null;
  }
}
