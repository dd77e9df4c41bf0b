const NUMBER = /^[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[-+]?\d{1,3})?$/iu;

/** What was typed as a number where it is one (a decimal comma too), else as text. */
export function valueOf(typed: string): number | string {
  const text = typed.trim();
  const number = NUMBER.test(text) ? Number(text.replace(',', '.')) : NaN;
  return Number.isFinite(number) ? number : text;
}
