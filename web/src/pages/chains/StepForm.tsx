import { ActionIcon, Button, Checkbox, Group, MultiSelect, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { recipeQuery } from '@/api/queries';
import type { RecipeOut } from '@/api/types';
import { Link } from '@/components/links';
import { FieldInput } from '@/form/FieldInput';
import { fieldsOf, initialOf, type Field, type Schema } from '@/form/schema';

import classes from './chains.module.css';
import { downstream, fits, titleOfPart, withChanged, without, withInputFor, withSources, type DraftStep } from './draft';
import { faultAt } from './Findings';
import { NameInput, type PartProps } from './PartList';

type SlotOut = RecipeOut['inputs'][number];
const ASKED = '\u0000at the start';

/** One step: what feeds each input of its recipe, and which parameters are fixed or asked for. */
export function StepForm(props: PartProps & { step: DraftStep }) {
  const { draft, change, choose, recipes, step, findings } = props;
  const recipe = recipes.find(({ id }) => id === step.recipe);
  const set = (more: Partial<DraftStep>) => change(withChanged(draft, step.name, (one) => ({ ...one, ...more })));
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {recipe ? `${recipe.title}: ${recipe.summary}` : `The recipe “${step.recipe}” is not installed.`}{' '}
        <Link to="/recipes" inherit>
          Recipes
        </Link>
      </Text>
      <TextInput label="Title" placeholder={recipe?.title ?? ''} value={step.title} onChange={(event) => set({ title: event.currentTarget.value })} maxLength={100} />
      <NameInput {...props} name={step.name} />
      {recipe && (
        <Checkbox
          label={`Keep version ${step.version ?? recipe.version} of the recipe`}
          description="Otherwise each run takes the one that is installed then, and notes which."
          error={faultAt(findings, `steps.${step.name}.recipe`)}
          checked={step.version !== null}
          onChange={(event) => set({ version: event.currentTarget.checked ? recipe.version : null })}
        />
      )}
      {recipe?.inputs.map((slot) => <Sources key={slot.name} {...props} slot={slot} />)}
      <Parameters {...props} />
      <Group justify="flex-end">
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          onClick={() => {
            change(without(draft, step.name));
            choose('');
          }}
        >
          Remove the step
        </Button>
      </Group>
    </Stack>
  );
}

/** What feeds one input: other steps whose result fits, inputs of the chain, or a new one that is asked for at the start. */
function Sources({ draft, change, fit, findings, step, slot }: PartProps & { step: DraftStep; slot: SlotOut }) {
  const later = downstream(draft, step.name);
  const chosen = step.inputs[slot.name] ?? [];
  const possible = [...draft.steps, ...draft.inputs].filter(({ name }) => chosen.includes(name) || (!later.has(name) && fits(draft, name, step.recipe, slot.name, fit) !== 'no'));
  const shared = {
    label: slot.title,
    description: slot.accepts,
    error: faultAt(findings, `steps.${step.name}.inputs.${slot.name}`),
    placeholder: slot.minimum > 0 ? 'Choose' : 'Nothing',
    required: slot.minimum > 0,
    data: [...possible.map(({ name }) => ({ value: name, label: titleOfPart(draft, name) })), { value: ASKED, label: 'A dataset that is chosen at the start' }],
  };
  const connect = (sources: string[]) => change(sources.includes(ASKED) ? withInputFor(withSources(draft, step.name, slot.name, slot.maximum === 1 ? [] : chosen), step.name, slot) : withSources(draft, step.name, slot.name, sources));
  return slot.maximum === 1 && chosen.length <= 1 ? (
    <Select {...shared} clearable value={chosen[0] ?? null} onChange={(name) => connect(name === null ? [] : [name])} />
  ) : (
    <MultiSelect {...shared} value={chosen} onChange={connect} />
  );
}

/** Fixed: the value here. Asked: proposed when a person starts a run. What is not listed comes from the file or the recipe. */
function Parameters({ draft, change, findings, step }: PartProps & { step: DraftStep }) {
  const schema = useQuery(recipeQuery(step.recipe, step.version ?? undefined)).data?.parameter_schema;
  const fields = useMemo(() => (schema ? fieldsOf(schema as Schema) : []), [schema]);
  const names = [...new Set([...Object.keys(step.parameters), ...step.ask])];
  const shown = names.map((name) => fields.find((field) => field.name === name) ?? unknown(name));
  const others = fields.filter(({ name }) => !names.includes(name));
  const set = (parameters: DraftStep['parameters'], ask = step.ask) => change(withChanged(draft, step.name, (one) => ({ ...one, parameters, ask })));
  const prefix = `steps.${step.name}.parameters`;
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ padding: 0 }}>
        <Text size="sm" fw={500}>
          Parameters
        </Text>
      </legend>
      {shown.map((field) => {
        const fault = faultAt(findings, `${prefix}.${field.name}`) ?? faultAt(findings, `steps.${step.name}.ask.${field.name}`);
        return (
          <div key={field.name} className={classes.parameter}>
            <div>
              <FieldInput field={field} value={step.parameters[field.name]} onChange={(value) => set(given(step.parameters, field, value))} faults={fault ? { [field.name]: fault } : {}} path={field.name} />
              <Checkbox
                mt={4}
                size="xs"
                label="Ask when a run starts"
                aria-label={`Ask for ${field.title} when a run starts`}
                checked={step.ask.includes(field.name)}
                onChange={(event) => set(step.parameters, event.currentTarget.checked ? [...step.ask, field.name] : step.ask.filter((name) => name !== field.name))}
              />
            </div>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Leave ${field.title} to the file`}
              onClick={() => set(given(step.parameters, field, undefined), step.ask.filter((name) => name !== field.name))}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        );
      })}
      {others.length > 0 && (
        <Select
          aria-label="Set a parameter"
          placeholder={names.length === 0 ? 'All are left to the file and the recipe. Set one …' : 'Set another; the rest is left to the file …'}
          searchable
          value={null}
          data={others.map(({ name, title }) => ({ value: name, label: title }))}
          onChange={(name) => {
            const field = others.find((one) => one.name === name);
            if (!field) return;
            const initial = initialOf(field);
            if (initial === null || initial === undefined) set(step.parameters, [...step.ask, field.name]);
            else set({ ...step.parameters, [field.name]: initial });
          }}
        />
      )}
    </fieldset>
  );
}

/** A value that is emptied is no value: the file may give it. */
function given(parameters: Record<string, unknown>, field: Field, value: unknown): Record<string, unknown> {
  const rest = Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== field.name));
  return value === null || value === undefined ? rest : { ...rest, [field.name]: value };
}

function unknown(name: string): Field {
  return { name, title: name, help: '', unit: null, group: '', advanced: false, order: 0, optional: true, required: false, default: undefined, kind: { is: 'json' } };
}
