/**
 * Plays a dimension from start to end and again, in step with the screen. The next frame is wanted when its time has come and
 * the last but one is there, so those that are asked for are drawn; those whose time has passed are left out.
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import type { Pace } from '../core/pace';
import { drawnSoFar } from '../data/gauge';

export interface Playback {
  /** The dimension that plays, null when none does. */
  readonly playing: number | null;
  readonly fps: number;
  /** Frames drawn per second, over the last second; null when nothing plays. */
  readonly drawn: number | null;
  readonly setFps: (fps: number) => void;
  readonly toggle: (dimension: number) => void;
}

const COUNT_EVERY_MS = 1000;

export function usePlayback(
  shape: readonly number[],
  slice: readonly number[],
  pace: Pace,
  onIndex: (dimension: number, index: number) => void,
): Playback {
  const [playing, setPlaying] = useState<number | null>(null);
  const [fps, setFps] = useState(10);
  const [drawn, setDrawn] = useState<number | null>(null);
  const step = useRef<(by: number) => void>(() => undefined);

  useEffect(() => {
    step.current = (by) => {
      if (playing === null) return;
      const size = shape[playing] ?? 1;
      onIndex(playing, ((slice[playing] ?? 0) + by) % size);
    };
  });

  useEffect(() => {
    if (playing === null) return;
    let counted = { at: performance.now(), drawn: drawnSoFar() };
    pace.start(counted.at, fps);
    const tick = (now: number) => {
      request = requestAnimationFrame(tick);
      const by = pace.advance(now, fps);
      if (by > 0) step.current(by);
      if (now - counted.at < COUNT_EVERY_MS) return;
      setDrawn(((drawnSoFar() - counted.drawn) * 1000) / (now - counted.at));
      counted = { at: now, drawn: drawnSoFar() };
    };
    let request = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(request);
      setDrawn(null);
    };
  }, [playing, fps, pace]);

  const toggle = useCallback((dimension: number) => setPlaying((before) => (before === dimension ? null : dimension)), []);
  return { playing, fps, drawn, setFps, toggle };
}
