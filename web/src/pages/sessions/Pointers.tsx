import { useEffect, useState, type RefObject } from 'react';

import { usePeople, usePointers, type Company } from './company';
import classes from './sessions.module.css';

const COLOURS = ['#e8590c', '#2f9e44', '#9c36b5', '#1971c2', '#c2255c', '#f08c00'];

interface PointersProps {
  company: Company | null;
  /** The element that holds the screen's canvas. */
  target: RefObject<HTMLDivElement | null>;
}

/** Where the others point, drawn above the screen; and where one points oneself, told to the others. */
export function Pointers({ company, target }: PointersProps) {
  const people = usePeople(company);
  const pointers = usePointers(company);
  const [, setSeen] = useState(0);
  useEffect(() => {
    const element = target.current;
    if (!element || !company) return;
    const move = (event: PointerEvent) => {
      const place = onScreen(element, event);
      company.point(place);
    };
    const leave = () => company.point(null);
    const changed = () => setSeen((count) => count + 1);
    const watch = new ResizeObserver(changed);
    watch.observe(element);
    element.addEventListener('pointermove', move, { capture: true });
    element.addEventListener('pointerleave', leave);
    return () => {
      watch.disconnect();
      element.removeEventListener('pointermove', move, { capture: true });
      element.removeEventListener('pointerleave', leave);
    };
  }, [company, target]);
  const canvas = target.current?.querySelector('canvas');
  const outer = target.current?.getBoundingClientRect();
  if (!canvas || !outer || canvas.width === 0) return null;
  const inner = canvas.getBoundingClientRect();
  return (
    <div aria-hidden className={classes.pointers}>
      {pointers.map(({ who, x, y }) => {
        const one = people.find((person) => person.who === who);
        const colour = COLOURS[Number.parseInt(who.slice(1), 10) % COLOURS.length];
        const left = inner.left - outer.left + (x / canvas.width) * inner.width;
        const top = inner.top - outer.top + (y / canvas.height) * inner.height;
        return (
          <div key={who} className={classes.pointer} style={{ transform: `translate(${String(left)}px, ${String(top)}px)`, color: colour }}>
            <svg width="14" height="18" viewBox="0 0 14 18">
              <path d="M0 0 L0 15 L4 11 L7 18 L9.5 17 L6.5 10.5 L12 10.5 Z" fill="currentColor" stroke="#fff" />
            </svg>
            <span style={{ background: colour }}>{one?.name ?? ''}</span>
          </div>
        );
      })}
    </div>
  );
}

/** A mouse's place in pixels of the screen, null where it is beside it. */
function onScreen(element: HTMLElement, event: PointerEvent): { x: number; y: number } | null {
  const canvas = element.querySelector('canvas');
  if (!canvas || canvas.width === 0) return null;
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
  return x >= 0 && y >= 0 && x < canvas.width && y < canvas.height ? { x, y } : null;
}
