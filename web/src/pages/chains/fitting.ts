import type { ChainOut } from './queries';

type Chain = Pick<ChainOut, 'inputs' | 'steps'>;

/** The inputs that a run can't do without. */
export function needed<C extends Pick<Chain, 'inputs'>>({ inputs }: C): C['inputs'] {
  return inputs.filter(({ optional }) => !optional);
}

/** The chains that need nothing but these datasets, and whose every step that takes them runs one of these recipes. */
export function fitting<C extends Chain>(chains: readonly C[], recipes: readonly string[]): C[] {
  return chains.filter((chain) => {
    const [main, ...others] = needed(chain);
    const first = chain.steps.filter((step) => main !== undefined && Object.values(step.inputs).some((sources) => sources.includes(main.name)));
    return others.length === 0 && first.length > 0 && first.every(({ recipe }) => recipes.includes(recipe));
  });
}
