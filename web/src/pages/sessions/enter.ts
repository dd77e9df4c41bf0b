import { api, body } from '@/api/client';
import type { TicketOut } from '@/api/types';

/** Goes into a session's web pages, on the session's own host, in the tab `target`. */
export async function enter(id: string, target: '_self' | '_blank'): Promise<void> {
  const name = `pandaas-${id}`;
  if (target === '_blank') window.open('about:blank', name); // while the click counts
  const { address, ticket } = await body(api.POST('/api/v1/sessions/{session_id}/ticket', { params: { path: { session_id: id } } }));
  go({ address, ticket }, target === '_blank' ? name : '_self');
}

/** Goes where a ticket leads. */
export function go({ address, ticket }: TicketOut, target: string): void {
  post(address, ticket, target);
}

/** By a form, so that no secret stands in an address. */
function post(address: string, ticket: string, target: string): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  form.target = target;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'ticket';
  field.value = ticket;
  form.append(field);
  document.body.append(form);
  nameOrigin('strict-origin'); // the session's host takes tickets from the platform's origin only
  form.submit();
  form.remove();
  window.setTimeout(() => nameOrigin('same-origin'), 1000);
}

/** What other sites hear of where a request comes from; nothing, else. */
function nameOrigin(policy: string): void {
  let meta = document.querySelector<HTMLMetaElement>('meta[name=referrer]');
  if (!meta) {
    meta = document.createElement('meta');
    meta.name = 'referrer';
    document.head.append(meta);
  }
  meta.content = policy;
}
