/** A line of the audit in words. */
import { bytes, date } from '@/format';

const DOORS: Record<string, string> = { metadata: 'opened the page or record', view: 'looked at data', download: 'downloaded', h5grove: 'read through h5grove', zarr: 'read as Zarr' };

const WORDS: Record<string, string> = {
  'dataset.registered': 'registered',
  'dataset.edited': 'edited',
  'share.created': 'gave access',
  'share.removed': 'took access back',
  'link.created': "made a reviewer's link",
  'link.opened': "opened a reviewer's link",
  'link.revoked': "took a reviewer's link back",
  'access.requested': 'asked for access',
  'collection.shared': 'shared a collection',
  'collection.unshared': 'took a collection back',
  'person.signed_in': 'signed in',
  'person.sign_in_failed': 'failed to sign in',
  'token.created': 'made a token',
  'token.deleted': 'deleted a token',
};

export function told({ kind, detail }: { kind: string; detail: Record<string, unknown> }): string {
  if (kind === 'data.read') return read(detail);
  const words = WORDS[kind] ?? kind.replace('.', ' ').replaceAll('_', ' ');
  const fields = Array.isArray(detail.changes) ? detail.changes.map((field) => String(field).replaceAll('_', ' ')).join(', ') : '';
  const until = typeof detail.expires === 'string' ? ` until ${date(detail.expires)}` : '';
  const state = typeof detail.state === 'string' ? `: ${detail.state}` : '';
  return `${words}${fields && `: ${fields}`}${state}${until}`;
}

function read(detail: Record<string, unknown>): string {
  const requests = Number(detail.requests);
  const door = DOORS[String(detail.door)] ?? String(detail.door);
  return `${door}: ${String(requests)} ${requests === 1 ? 'request' : 'requests'}, ${bytes(Number(detail.bytes))}`;
}
