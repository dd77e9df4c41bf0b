import { Accordion, Badge, Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';

import type { RecipeOut } from '@/api/types';

import { followers, freshName, renamed, titleOfPart, withStep, without, type Draft, type DraftInput, type Fit } from './draft';
import { faultAt } from './Findings';
import type { ChainFindingOut } from './queries';
import { StepForm } from './StepForm';

export interface PartProps {
  draft: Draft;
  change: (draft: Draft) => void;
  choose: (name: string) => void;
  recipes: RecipeOut[];
  fit: Fit;
  findings: readonly ChainFindingOut[];
}

/** The same chain as a list: every input and step with a form of its own, and what can come after it. */
export function PartList(props: PartProps & { chosen: string | null }) {
  const { draft, change, chosen, choose, findings } = props;
  return (
    <section aria-label="Inputs and steps">
      <Accordion variant="contained" value={chosen} onChange={(name) => choose(name ?? '')}>
        {draft.inputs.map((one, index) => (
          <Accordion.Item key={`input ${String(index)}`} value={one.name}>
            <Accordion.Control>
              <Heading title={titleOfPart(draft, one.name)} word={one.optional ? 'input, may be left out' : 'input'} wrong={faultAt(findings, `inputs.${one.name}`) !== undefined} />
            </Accordion.Control>
            <Accordion.Panel>{chosen === one.name && <InputForm {...props} input={one} />}</Accordion.Panel>
          </Accordion.Item>
        ))}
        {draft.steps.map((step, index) => (
          <Accordion.Item key={`step ${String(index)}`} value={step.name}>
            <Accordion.Control>
              <Heading title={step.title || (props.recipes.find(({ id }) => id === step.recipe)?.title ?? step.recipe)} word={step.name} wrong={findings.some((one) => one.step === step.name && one.serious)} />
            </Accordion.Control>
            <Accordion.Panel>
              {chosen === step.name && (
                <>
                  <StepForm {...props} step={step} />
                  <Next {...props} source={step.name} />
                </>
              )}
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      <Button
        mt="xs"
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} />}
        onClick={() => {
          const name = freshName(draft, 'data');
          change({ ...draft, inputs: [...draft.inputs, { name, title: '', optional: false, many: false }] });
          choose(name);
        }}
      >
        Add an input
      </Button>
    </section>
  );
}

function Heading({ title, word, wrong }: { title: string; word: string; wrong: boolean }) {
  return (
    <Group gap="xs">
      <Text fw={500}>{title}</Text>
      <Text size="xs" c="dimmed">
        {word}
      </Text>
      {wrong && (
        <Badge color="red" size="sm" variant="light">
          Wrong
        </Badge>
      )}
    </Group>
  );
}

function InputForm(props: PartProps & { input: DraftInput }) {
  const { draft, change, choose, findings, input } = props;
  const set = (more: Partial<DraftInput>) => change({ ...draft, inputs: draft.inputs.map((one) => (one.name === input.name ? { ...one, ...more } : one)) });
  return (
    <Stack gap="xs">
      <TextInput label="Title" value={input.title} onChange={(event) => set({ title: event.currentTarget.value })} maxLength={100} error={faultAt(findings, `inputs.${input.name}`)} />
      <NameInput {...props} name={input.name} />
      <Checkbox label="May be left out" checked={input.optional} onChange={(event) => set({ optional: event.currentTarget.checked })} />
      <Checkbox label="Takes several datasets into one run" checked={input.many} onChange={(event) => set({ many: event.currentTarget.checked })} />
      <Group justify="flex-end">
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          onClick={() => {
            change(without(draft, input.name));
            choose('');
          }}
        >
          Remove the input
        </Button>
      </Group>
      <Next {...props} source={input.name} />
    </Stack>
  );
}

/** Names are used by other steps and by `pandaas chain run -p NAME.parameter`: a new one is taken when the field is left. */
export function NameInput({ draft, change, choose, findings, name }: PartProps & { name: string }) {
  return (
    <TextInput
      key={name}
      label="Name"
      description="Small letters, digits and _. Used on the command line."
      defaultValue={name}
      maxLength={40}
      error={faultAt(findings, `steps.${name}.name`) ?? faultAt(findings, `inputs.${name}.name`)}
      onBlur={(event) => {
        const next = event.currentTarget.value.trim();
        if (next === name || next === '') return;
        const free = freshName(draft, next);
        change(renamed(draft, name, free));
        choose(free);
      }}
    />
  );
}

/** The recipes that take what this gives. */
function Next({ draft, change, choose, recipes, fit, source }: PartProps & { source: string }) {
  const found = followers(draft, source, recipes, fit);
  const group = (sure: boolean) => found.filter((one) => one.sure === sure).map(({ recipe }) => ({ value: recipe.id, label: recipe.problem ? `${recipe.title} (cannot run now)` : recipe.title }));
  const data = [
    { group: draft.steps.some(({ name }) => name === source) ? 'Takes it' : 'Recipes', items: group(true) },
    { group: 'Shows when it runs', items: group(false) },
  ].filter(({ items }) => items.length > 0);
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed" mt="sm">
        No recipe takes this result as its main input.
      </Text>
    );
  }
  return (
    <Select
      mt="sm"
      label={`Add a step after “${titleOfPart(draft, source)}”`}
      placeholder="Recipe"
      searchable
      data={data}
      value={null}
      onChange={(id) => {
        const one = found.find(({ recipe }) => recipe.id === id);
        if (!one) return;
        const next = withStep(draft, one.recipe, one.slot, source);
        change(next.draft);
        choose(next.name);
      }}
    />
  );
}
