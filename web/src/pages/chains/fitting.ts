import type { ChainOut } from './queries';

type Chain = Pick<ChainOut, 'inputs' | 'steps'>;

/** The chains whose every step that takes the required input runs one of these recipes. */
export function fitting<C extends Chain>(chains: readonly C[], recipes: readonly string[]): C[] {
  return chains.filter(({ inputs, steps }) => {
    const main = inputs.find(({ optional }) => !optional)?.name;
    const first = steps.filter((step) => main !== undefined && Object.values(step.inputs).some((sources) => sources.includes(main)));
    return first.length > 0 && first.every(({ recipe }) => recipes.includes(recipe));
  });
}
