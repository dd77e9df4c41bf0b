import { fetchRaw } from '@/api/client';

const PIECE = 4_194_304;

/** The whole log as a file; the server sends it in pieces of at most four megabytes. */
export async function downloadLog(job: string): Promise<void> {
  const pieces: string[] = [];
  let offset = 0;
  for (;;) {
    const response = await fetchRaw(`/api/v1/jobs/${encodeURIComponent(job)}/log?offset=${String(offset)}&limit=${String(PIECE)}`);
    const text = await response.text();
    const next = Number(response.headers.get('X-Next-Offset') ?? 0);
    if (text !== '') pieces.push(text);
    if (!(next > offset)) break;
    offset = next;
  }
  const address = URL.createObjectURL(new Blob(pieces, { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${job}.log`;
  link.click();
  URL.revokeObjectURL(address);
}
