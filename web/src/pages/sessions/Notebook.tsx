import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { api, body } from '@/api/client';
import { Failure } from '@/components/states';

import classes from './sessions.module.css';

/** Posts a ticket by a form, so that no secret stands in an address; `target` is the name of a frame or a new tab. */
export function enter(address: string, ticket: string, target: string, framed: boolean): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  form.target = target;
  for (const [name, value] of [['ticket', ticket], ['framed', framed ? '1' : '0']] as const) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    form.append(field);
  }
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

export function ticketFor(id: string) {
  return body(api.POST('/api/v1/sessions/{session_id}/ticket', { params: { path: { session_id: id } } }));
}

/** A session's web pages in a frame: they come from the session's own host, which reaches nothing of the platform. */
export function Notebook({ id, title, since }: { id: string; title: string; since: string }) {
  const entered = useRef<string | null>(null);
  const name = `session-${id}`;
  const ticket = useQuery({ queryKey: ['ticket', id, since], queryFn: () => ticketFor(id), staleTime: Infinity, gcTime: 0, retry: false });
  useEffect(() => {
    if (!ticket.data || entered.current === ticket.data.ticket) return;
    entered.current = ticket.data.ticket;
    enter(ticket.data.address, ticket.data.ticket, name, true);
  }, [ticket.data, name]);
  if (ticket.error) return <Failure error={ticket.error} retry={() => void ticket.refetch()} />;
  return <iframe className={classes.frame} name={name} title={title} allow="clipboard-read; clipboard-write; fullscreen" />;
}
