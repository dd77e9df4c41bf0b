/** Curves set apart so that each can be seen: what is missing is NaN, the first stays as it is. */
export function stacked(curves: readonly (readonly (number | null)[])[], log: boolean): number[][] {
  const known = curves.map(numbers);
  if (log) {
    const factor = 10 ** Math.min(DECADE_EACH, DECADES / known.length);
    return known.map((values, index) => values.map((value) => value * factor ** index));
  }
  const step = Math.max(0, ...known.map(spanOf)) / known.length;
  return known.map((values, index) => values.map((value) => value + step * index));
}

const DECADE_EACH = 0.5;
const DECADES = 4;

export function numbers(values: readonly (number | null)[]): number[] {
  return values.map((value) => value ?? NaN);
}

function spanOf(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  return finite.length > 0 ? Math.max(...finite) - Math.min(...finite) : 0;
}

/** What a trend begins with: a quantity that changes and is not the background, the scale or how well it went. */
export function telling<Q extends { name: string; varies: boolean }>(quantities: readonly Q[]): Q | undefined {
  const varying = quantities.filter(({ varies }) => varies);
  return varying.find(({ name }) => !/background|scale|chi|uncertainty|error|seconds|points|frames/iu.test(name)) ?? varying[0] ?? quantities[0];
}
