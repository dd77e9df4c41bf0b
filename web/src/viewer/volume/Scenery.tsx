/** Where the volume is drawn: turned by drag, arrow keys or one finger, nearer by wheel, + and − or two fingers. */

import { Button } from '@mantine/core';
import { useEffect, useRef, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';

import type { Camera } from '../core/state';
import type { BoxOnScreen } from './box';
import { panned, START, turned, VIEWS, zoomed } from './camera';
import styles from './volume.module.css';

interface SceneryProps {
  readonly canvas: RefObject<HTMLCanvasElement>;
  readonly camera: Camera;
  readonly onCamera: (next: Camera) => void;
  readonly size: { readonly width: number; readonly height: number };
  readonly onSize: (size: { width: number; height: number }) => void;
  readonly box: BoxOnScreen;
  readonly fine: boolean;
  readonly name: string;
  readonly said: string;
}

const DEGREES_PER_PIXEL = 0.4;
const KEY_DEGREES = 6;

interface Finger {
  x: number;
  y: number;
}

export function Scenery({ canvas, camera, onCamera, size, onSize, box, fine, name, said }: SceneryProps) {
  const scene = useRef<HTMLDivElement>(null);
  const fingers = useRef(new Map<number, Finger>());
  const now = useRef(camera);
  useEffect(() => {
    now.current = camera;
  }, [camera]);
  const go = (next: Camera) => {
    now.current = next;
    onCamera(next);
  };

  useEffect(() => {
    const element = scene.current;
    if (!element) return;
    const observer = new ResizeObserver(() => onSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      go(zoomed(now.current, Math.exp(Math.min(Math.max(event.deltaY, -200), 200) * 0.0015)));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', wheel);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- listens once; the camera is read when something happens
  }, []);

  const move = (event: PointerEvent) => {
    const finger = fingers.current.get(event.pointerId);
    if (!finger) return;
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    const others = [...fingers.current].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    const other = others[0];
    if (other) {
      const before = Math.hypot(finger.x - other.x, finger.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      go(panned(zoomed(now.current, before / Math.max(after, 1)), dx / 2 / size.height, -dy / 2 / size.height));
    } else if (event.shiftKey || event.buttons === 2 || event.buttons === 4) {
      go(panned(now.current, dx / size.height, -dy / size.height));
    } else {
      go(turned(now.current, dx * DEGREES_PER_PIXEL, dy * DEGREES_PER_PIXEL));
    }
    finger.x = event.clientX;
    finger.y = event.clientY;
  };

  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 5 : 1;
    const acts: Partial<Record<string, () => Camera>> = {
      ArrowLeft: () => turned(now.current, -KEY_DEGREES * far, 0),
      ArrowRight: () => turned(now.current, KEY_DEGREES * far, 0),
      ArrowUp: () => turned(now.current, 0, -KEY_DEGREES * far),
      ArrowDown: () => turned(now.current, 0, KEY_DEGREES * far),
      '+': () => zoomed(now.current, 0.85),
      '-': () => zoomed(now.current, 1 / 0.85),
      Home: () => START,
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    go(act());
  };

  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a scene to be turned has no role of its own
    <div
      ref={scene}
      className={styles.scene}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- turned by the arrow keys
      tabIndex={0}
      role="application"
      aria-label={`${name}. Arrow keys turn it, plus and minus zoom, Home resets.`}
      data-testid="volume"
      data-fine={fine ? '' : undefined}
      onKeyDown={press}
      onContextMenu={(event) => event.preventDefault()}
      onPointerDown={(event) => {
        if ((event.target as HTMLElement).closest('button')) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      }}
      onPointerMove={move}
      onPointerUp={(event) => fingers.current.delete(event.pointerId)}
      onPointerCancel={(event) => fingers.current.delete(event.pointerId)}
    >
      <svg className={styles.frame} width={size.width} height={size.height} aria-hidden>
        {box.lines.filter(({ back }) => back).map(({ from, to }) => (
          <line key={`${from.join()} ${to.join()}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} data-back="" />
        ))}
      </svg>
      <canvas ref={canvas} aria-hidden />
      <svg className={styles.frame} width={size.width} height={size.height} aria-hidden>
        {box.lines.filter(({ back }) => !back).map(({ from, to }) => (
          <line key={`${from.join()} ${to.join()}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
        ))}
        {box.labels.map(({ at, text }) => (
          <text key={`${text} ${at.join()}`} x={at[0]} y={at[1]} textAnchor="middle">
            {text}
          </text>
        ))}
      </svg>
      <div className={styles.views}>
        {Object.entries(VIEWS).map(([label, [azimuth, elevation]]) => (
          <Button key={label} size="compact-xs" variant="default" onClick={() => go([azimuth, elevation, ...(now.current.slice(2) as [number, number, number, number])])}>
            {label}
          </Button>
        ))}
        <Button size="compact-xs" variant="default" onClick={() => go(START)}>
          Reset
        </Button>
      </div>
      <div className={styles.said} aria-live="polite">
        {said}
      </div>
    </div>
  );
}
