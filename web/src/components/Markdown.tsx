import { Link as RouterLink } from '@tanstack/react-router';
import { isValidElement, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

import classes from './Markdown.module.css';

interface MarkdownProps {
  text: string;
  /** Path of the page the text stands on, which relative links start from. */
  base?: string;
  /** The text stands below a heading of the page: its own headings begin at the third level. */
  inside?: boolean;
  /** Text that a program wrote: its pictures are named, not fetched. */
  plain?: boolean;
}

/** Our own documents and people's texts; HTML in them is shown as text, never run. */
export default function Markdown({ text, base = '', inside = false, plain: isPlain = false }: MarkdownProps) {
  const components: Components = {
    a: ({ href = '', children }) => {
      const inside = helpAddress(href, base);
      if (inside) {
        return (
          <RouterLink to="/help/$" params={{ _splat: inside.path }} {...(inside.hash && { hash: inside.hash })}>
            {children}
          </RouterLink>
        );
      }
      const outside = /^https?:/u.test(href);
      return (
        <a href={href} {...(outside && { target: '_blank', rel: 'noreferrer' })}>
          {children}
        </a>
      );
    },
    ...(inside && { h1: 'h3' }),
    h2: ({ children }) => inside ? <h4>{children}</h4> : <h2 id={anchorOf(children)}>{children}</h2>,
    h3: ({ children }) => inside ? <h5>{children}</h5> : <h3 id={anchorOf(children)}>{children}</h3>,
    table: ({ children }) => (
      <div className={classes.scroll}>
        <table>{children}</table>
      </div>
    ),
    img: ({ src, alt }) => (typeof src === 'string' && isPlain ? <em>[{alt ?? 'picture'}]</em> : typeof src === 'string' ? <img src={imageAddress(src, base)} alt={alt ?? ''} loading="lazy" /> : null),
  };
  return (
    <div className={classes.text}>
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
}

/** `../how-to/upload.md#size` on page `tutorials/first` → `how-to/upload`; null for what is no help page. */
export function helpAddress(href: string, base: string): { path: string; hash: string } | null {
  const [file = '', hash = ''] = href.split('#');
  if (/^[a-z]+:/iu.test(href) || href.startsWith('/') || !file.endsWith('.md')) return null;
  const parts = base.split('/').slice(0, -1);
  for (const part of file.slice(0, -3).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return { path: parts.join('/'), hash };
}

function imageAddress(src: string, base: string): string {
  if (/^([a-z]+:|\/)/iu.test(src)) return src;
  return new URL(src, new URL(`/api/v1/help/${base}`, window.location.origin)).pathname;
}

function anchorOf(children: ReactNode): string {
  return plain(children).toLowerCase().replace(/[^\p{L}\p{N}\s-]/gu, '').trim().replace(/\s+/gu, '-');
}

function plain(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  if (Array.isArray(node)) return node.map((child: ReactNode) => plain(child)).join('');
  if (isValidElement<{ children?: ReactNode }>(node)) return plain(node.props.children);
  return '';
}
