/** Plays a dimension from start to end and again; frames that come too late are dropped, not queued. */

import { useEffect, useRef, useState } from 'react';

export interface Playback {
  /** The dimension that plays, null when none does. */
  readonly playing: number | null;
  readonly fps: number;
  readonly setFps: (fps: number) => void;
  readonly toggle: (dimension: number) => void;
}

export function usePlayback(shape: readonly number[], slice: readonly number[], onIndex: (dimension: number, index: number) => void): Playback {
  const [playing, setPlaying] = useState<number | null>(null);
  const [fps, setFps] = useState(10);
  const step = useRef<() => void>(() => undefined);

  useEffect(() => {
    step.current = () => {
      if (playing === null) return;
      const size = shape[playing] ?? 1;
      onIndex(playing, ((slice[playing] ?? 0) + 1) % size);
    };
  });

  useEffect(() => {
    if (playing === null) return;
    const timer = setInterval(() => step.current(), 1000 / fps);
    return () => clearInterval(timer);
  }, [playing, fps]);

  const toggle = (dimension: number) => setPlaying((before) => (before === dimension ? null : dimension));
  return { playing, fps, setFps, toggle };
}
