/**
 * Addresses of `pandaas view`: `/view/<file or folder>?path=<inner path>&…`, the rest being the viewer's state.
 *
 * Every state of the page has one; it is the browser's own history, so back, forward and new tabs work.
 */
import { useSyncExternalStore } from 'react';

export interface Address {
  /** Path of a file or folder below what is viewed; '' is the top. */
  readonly place: string;
  /** Inner path of what is on show. */
  readonly path: string | undefined;
  /** The viewer's state and the list's filter, as text. */
  readonly params: Readonly<Record<string, string>>;
}

const BASE = '/view/';

export function parse(pathname: string, search: string): Address {
  const below = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : '';
  const { path, ...params } = Object.fromEntries(new URLSearchParams(search)) as Record<string, string>;
  return { place: below.split('/').filter(Boolean).map(decoded).join('/'), path, params };
}

export function hrefOf(place: string, path?: string, params: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams({ ...(path !== undefined && { path }), ...params }).toString();
  const readable = search.replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':');
  return BASE + place.split('/').map(encodeURIComponent).join('/') + (readable && `?${readable}`);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // not made by us; the server says that it isn't there
  }
}

/** Names of the folders around a place, outermost first, each with its own place. */
export function around(place: string): { name: string; place: string }[] {
  const parts = place.split('/').filter(Boolean);
  return parts.map((name, index) => ({ name, place: parts.slice(0, index + 1).join('/') }));
}

export function parentOf(place: string): string {
  return place.split('/').slice(0, -1).join('/');
}

const listeners = new Set<() => void>();
let known = { href: '', address: parse('', '') };

function current(): Address {
  const { href, pathname, search } = window.location;
  if (known.href !== href) known = { href, address: parse(pathname, search) };
  return known.address;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function useAddress(): Address {
  return useSyncExternalStore(subscribe, current);
}

export function go(href: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, '', href);
  else window.history.pushState(null, '', href);
  for (const listener of listeners) listener();
}

/** Changes the state in the address; takes a function, so that two changes in one moment both count. */
export function change(update: (before: Record<string, string>) => Record<string, string>, step = false): void {
  const { place, path, params } = current();
  go(hrefOf(place, path, update({ ...params })), { replace: !step });
}
