import { Accordion, Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { api, body } from '@/api/client';
import { ApiError } from '@/api/errors';
import { instrumentQuery, recipeQuery, recipesQuery } from '@/api/queries';
import type { InstrumentPageOut, RecipePageOut } from '@/api/types';
import { Section } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';
import { ParameterForm } from '@/form/ParameterForm';
import { fieldsOf, initialOf, type Schema } from '@/form/schema';
import { validateAll } from '@/form/validate';

/** What analyses of this instrument's data start with, recipe by recipe. */
export function RecipeDefaults({ instrument }: { instrument: InstrumentPageOut }) {
  const recipes = useQuery(recipesQuery);
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Section title="Default parameters">
      <Text size="sm" c="dimmed" mb="xs">
        What the form starts with when data of this instrument are analysed; values from the file itself go before.
      </Text>
      <Loaded query={recipes}>
        {(list) => (
          <Accordion variant="contained" value={open} onChange={setOpen}>
            {list.map(({ id, title }) => {
              const set = Object.keys(instrument.recipe_defaults[id] ?? {}).length;
              return (
                <Accordion.Item key={id} value={id}>
                  <Accordion.Control>
                    {title}
                    {set > 0 && (
                      <Text span size="xs" c="dimmed">
                        {' '}
                        {String(set)} set
                      </Text>
                    )}
                  </Accordion.Control>
                  <Accordion.Panel>{open === id && <DefaultsOf instrument={instrument} recipe={id} />}</Accordion.Panel>
                </Accordion.Item>
              );
            })}
          </Accordion>
        )}
      </Loaded>
    </Section>
  );
}

function DefaultsOf({ instrument, recipe }: { instrument: InstrumentPageOut; recipe: string }) {
  const query = useQuery(recipeQuery(recipe));
  return <Loaded query={query}>{(page) => <DefaultsForm instrument={instrument} recipe={page} />}</Loaded>;
}

function DefaultsForm({ instrument, recipe }: { instrument: InstrumentPageOut; recipe: RecipePageOut }) {
  const queries = useQueryClient();
  const fields = useMemo(() => fieldsOf(recipe.parameter_schema as Schema), [recipe.parameter_schema]);
  const [values, setValues] = useState<Record<string, unknown>>(() => ({
    ...Object.fromEntries(fields.map((field) => [field.name, initialOf(field)])),
    ...instrument.recipe_defaults[recipe.id],
  }));
  const changed = Object.fromEntries(fields.filter((field) => JSON.stringify(values[field.name]) !== JSON.stringify(initialOf(field))).map(({ name }) => [name, values[name]]));
  const save = useMutation({
    mutationFn: () =>
      body(api.PUT('/api/v1/instruments/{name}/defaults/{recipe}', { params: { path: { name: instrument.name, recipe: recipe.id } }, body: changed })),
    onSuccess: (page) => {
      queries.setQueryData(instrumentQuery(instrument.name).queryKey, page);
      notifications.show({ color: 'green', message: `Defaults of ${recipe.title} saved.` });
    },
  });
  const local = validateAll(fields.filter(({ name }) => name in changed), values);
  const fault = save.error instanceof ApiError && save.error.field ? { [save.error.field]: save.error.message } : {};
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <ParameterForm fields={fields} values={values} faults={{ ...local, ...fault }} onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))} sourceOf={({ name }) => (name in changed ? 'set for this instrument' : null)} />
      <ActionFailure error={Object.keys(fault).length > 0 ? null : save.error} />
      <Group justify="flex-end">
        <Button type="submit" loading={save.isPending} disabled={Object.keys(local).length > 0}>
          Save defaults
        </Button>
      </Group>
    </form>
  );
}
