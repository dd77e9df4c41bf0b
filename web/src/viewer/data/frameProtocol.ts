/** What the page and the frame worker say to each other. */

import type { Block } from '../core/pool';
import type { Profile, Segment } from '../core/profile';
import type { Description, FrameSource, Rendered, RuleSource } from './frameStore';

/** Arguments and answers of each verb. */
export interface Verbs {
  render: {
    ask: { source: FrameSource; rules: RuleSource; block: Block | null; factor: number };
    answer: Rendered;
  };
  describe: {
    ask: { source: FrameSource; rules: RuleSource; block: Block | null; log: boolean; limit?: number };
    answer: Description;
  };
  value: { ask: { source: FrameSource; row: number; column: number }; answer: number };
  profile: {
    ask: { source: FrameSource; rules: RuleSource; segment: Segment; width: number };
    answer: Profile;
  };
  threshold: {
    ask: { source: FrameSource; rules: RuleSource; low: number | null; high: number | null };
    answer: number[];
  };
  prefetch: { ask: { source: FrameSource }; answer: null };
}

export type Verb = keyof Verbs;

export type Request =
  | { [V in Verb]: { id: number; verb: V; ask: Verbs[V]['ask'] } }[Verb]
  | { id: number; verb: 'abort' }
  | { verb: 'recycle'; pixels: Float32Array };

export type Reply =
  | { id: number; answer: Verbs[Verb]['answer'] }
  | { id: number; error: { what: string; remedy: string | null; requestId: string; status: number; aborted: boolean } };
