const BROWSERS: [RegExp, string][] = [
  [/Edg\//u, 'Edge'],
  [/OPR\//u, 'Opera'],
  [/Firefox\//u, 'Firefox'],
  [/Chrom(e|ium)\//u, 'Chrome'],
  [/Safari\//u, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/u, 'iOS'],
  [/Android/u, 'Android'],
  [/Windows/u, 'Windows'],
  [/Mac OS X/u, 'macOS'],
  [/Linux/u, 'Linux'],
];

/** A browser as people call it: “Firefox on Windows”. */
export function browserName(client: string | null): string {
  if (!client) return 'Unknown';
  const known = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(client))?.[1];
  const browser = known(BROWSERS);
  const system = known(SYSTEMS);
  if (!browser) return client.slice(0, 40);
  return system ? `${browser} on ${system}` : browser;
}
