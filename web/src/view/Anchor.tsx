import { forwardRef, type AnchorHTMLAttributes, type MouseEvent } from 'react';

import { go } from './address';

/** A link within the page; other buttons and keys open it in a new tab, as browsers do. */
export const A = forwardRef<HTMLAnchorElement, AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }>(({ href, ...rest }, ref) => {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return (
    <a ref={ref} href={href} onClick={follow} {...rest}>
      {rest.children}
    </a>
  );
});
A.displayName = 'A';
