/** A chain while it is composed: pure changes of its definition, so that every one can be taken back. */

export interface DraftInput {
  name: string;
  title: string;
  optional: boolean;
  many: boolean;
}

export interface DraftStep {
  name: string;
  recipe: string;
  version: string | null;
  title: string;
  /** Slot of the recipe → names of inputs and steps. */
  inputs: Record<string, string[]>;
  parameters: Record<string, unknown>;
  /** Parameters that a person is asked for when she starts a run. */
  ask: string[];
}

export interface Draft {
  title: string;
  summary: string;
  inputs: DraftInput[];
  steps: DraftStep[];
}

interface Slot {
  name: string;
  title: string;
  minimum: number;
}

export interface Takes {
  id: string;
  inputs: readonly Slot[];
}

export const NEW: Draft = { title: '', summary: '', inputs: [{ name: 'sample', title: 'Sample', optional: false, many: false }], steps: [] };

/** From what the service or a file says; what a file may leave out is filled in. */
export function draftOf(definition: unknown): Draft {
  const { title = '', summary = '', inputs = [], steps = [] } = definition as Said;
  return {
    title,
    summary,
    inputs: inputs.map((one) => ({ title: '', optional: false, many: false, ...one })),
    steps: steps.map((one) => ({ version: null, title: '', inputs: {}, parameters: {}, ask: [], ...one })),
  };
}

interface Said {
  title?: string;
  summary?: string;
  inputs?: (Partial<DraftInput> & Pick<DraftInput, 'name'>)[];
  steps?: (Partial<DraftStep> & Pick<DraftStep, 'name' | 'recipe'>)[];
}

/** Name of the step or input as people read it. */
export function titleOfPart(draft: Draft, name: string): string {
  const part = draft.inputs.find((one) => one.name === name) ?? draft.steps.find((one) => one.name === name);
  return part?.title ? part.title : name;
}

/** `sas-fit` → sas_fit, sas_fit2 …: a name that nothing else has. */
export function freshName(draft: Draft, wanted: string): string {
  const stem = wanted.toLowerCase().replaceAll(/[^a-z0-9_]+/gu, '_').replace(/^[^a-z]+/u, '').slice(0, 36) || 'step';
  const taken = new Set([...draft.inputs, ...draft.steps].map(({ name }) => name));
  let name = stem;
  for (let number = 2; taken.has(name); number += 1) name = `${stem}${String(number)}`;
  return name;
}

/** A step at the end, whose `slot` takes `source`. */
export function withStep(draft: Draft, recipe: { id: string; title: string }, slot: string, source: string): { draft: Draft; name: string } {
  const name = freshName(draft, recipe.id);
  const step: DraftStep = { name, recipe: recipe.id, version: null, title: recipe.title, inputs: { [slot]: [source] }, parameters: {}, ask: [] };
  return { draft: { ...draft, steps: [...draft.steps, step] }, name };
}

/** An input of the chain that feeds one slot of a step; it may be left out where the slot may. */
export function withInputFor(draft: Draft, step: string, slot: Slot): Draft {
  const name = freshName(draft, slot.name);
  const given: DraftInput = { name, title: slot.title, optional: slot.minimum === 0, many: false };
  const fed = { ...draft, inputs: [...draft.inputs, given] };
  return withSources(fed, step, slot.name, [...sourcesOf(draft, step, slot.name), name]);
}

export function without(draft: Draft, name: string): Draft {
  const steps = draft.steps.filter((step) => step.name !== name).map((step) => ({ ...step, inputs: mapSources(step.inputs, (sources) => sources.filter((source) => source !== name)) }));
  return { ...draft, inputs: draft.inputs.filter((one) => one.name !== name), steps };
}

export function renamed(draft: Draft, from: string, to: string): Draft {
  const rename = <T extends { name: string }>(one: T): T => (one.name === from ? { ...one, name: to } : one);
  return {
    ...draft,
    inputs: draft.inputs.map(rename),
    steps: draft.steps.map((step) => rename({ ...step, inputs: mapSources(step.inputs, (sources) => sources.map((source) => (source === from ? to : source))) })),
  };
}

export function sourcesOf(draft: Draft, step: string, slot: string): string[] {
  return draft.steps.find(({ name }) => name === step)?.inputs[slot] ?? [];
}

export function withSources(draft: Draft, step: string, slot: string, sources: string[]): Draft {
  return withChanged(draft, step, (one) => ({ ...one, inputs: mapSources({ ...one.inputs, [slot]: sources }, (found) => found) }));
}

export function withChanged(draft: Draft, step: string, change: (step: DraftStep) => DraftStep): Draft {
  return { ...draft, steps: draft.steps.map((one) => (one.name === step ? change(one) : one)) };
}

/** The step itself and all that need its result: none of them can feed it. */
export function downstream(draft: Draft, name: string): Set<string> {
  const found = new Set([name]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const step of draft.steps) if (Object.values(step.inputs).flat().some((source) => found.has(source))) found.add(step.name);
  }
  return found;
}

/** How many steps lie before each at most; steps of a circle, which the check names, stay where they are found. */
export function levelsOf(draft: Draft): Map<string, number> {
  const levels = new Map(draft.steps.map(({ name }) => [name, 0]));
  // As many rounds as steps: what a longest path needs, and an end where there is a circle.
  for (let round = draft.steps.length; round > 0; round -= 1) {
    for (const step of draft.steps) {
      const before = Object.values(step.inputs).flat().flatMap((source) => levels.get(source) ?? []);
      levels.set(step.name, Math.min(Math.max(-1, ...before) + 1, draft.steps.length));
    }
  }
  return levels;
}

/** What the recipes declare: whether the result of one can be a slot of another. */
export interface Fit {
  connections: readonly { recipe: string; taker: string; slot: string }[];
  undeclared: readonly string[];
}

export type Fits = 'yes' | 'unknown' | 'no';

/** An input of the chain fits everything: its datasets are looked at when a run starts. */
export function fits(draft: Draft, source: string, taker: string, slot: string, { connections, undeclared }: Fit): Fits {
  const recipe = draft.steps.find(({ name }) => name === source)?.recipe;
  if (recipe === undefined) return 'yes';
  if (undeclared.includes(recipe)) return 'unknown';
  return connections.some((one) => one.recipe === recipe && one.taker === taker && one.slot === slot) ? 'yes' : 'no';
}

/** Recipes that can take what `source` gives, each with the slot that it goes into; those that surely fit first. */
export function followers<R extends Takes>(draft: Draft, source: string, recipes: readonly R[], fit: Fit): { recipe: R; slot: string; sure: boolean }[] {
  const found = recipes.flatMap((recipe) => {
    const main = recipe.inputs.find(({ minimum }) => minimum > 0) ?? recipe.inputs[0];
    const how = main ? fits(draft, source, recipe.id, main.name, fit) : 'no';
    return main && how !== 'no' ? [{ recipe, slot: main.name, sure: how === 'yes' }] : [];
  });
  return [...found.filter(({ sure }) => sure), ...found.filter(({ sure }) => !sure)];
}

/** The slot that a drawn connection goes into: one that fits, rather needed and empty than not; undefined where none does. */
export function slotFor(draft: Draft, source: string, step: string, recipe: Takes, fit: Fit): string | undefined {
  if (downstream(draft, step).has(source)) return undefined;
  const free = recipe.inputs.filter(({ name }) => !sourcesOf(draft, step, name).includes(source) && fits(draft, source, recipe.id, name, fit) !== 'no');
  const worth = ({ name, minimum }: Slot) => (sourcesOf(draft, step, name).length === 0 ? 2 : 0) + (minimum > 0 ? 1 : 0);
  return [...free].sort((a, b) => worth(b) - worth(a))[0]?.name;
}

/** Slots that nothing feeds any more are left out. */
function mapSources(inputs: Record<string, string[]>, change: (sources: string[]) => string[]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(inputs).map(([slot, sources]) => [slot, change(sources)] as const).filter(([, sources]) => sources.length > 0));
}
