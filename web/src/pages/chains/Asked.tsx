import { Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';

import { recipeQuery } from '@/api/queries';
import { FieldInput } from '@/form/FieldInput';
import { fieldsOf, type Field, type Schema } from '@/form/schema';
import { validate } from '@/form/validate';

import type { ChainOut } from './queries';

type Values = Record<string, Record<string, unknown>>;

/** The parameters that a chain asks for when a run starts: fields with what the chain proposes, and what was changed. */
export function useAsked(chain: Pick<ChainOut, 'steps'>): { fields: ReactNode; parameters: Values } {
  const [parameters, setParameters] = useState<Values>({});
  const asking = chain.steps.filter(({ ask }) => ask.length > 0);
  const recipes = useQueries({ queries: asking.map(({ recipe, version }) => recipeQuery(recipe, version ?? undefined)) });
  const fields = asking.map((step, index) => {
    const known = fieldsOf((recipes[index]?.data?.parameter_schema ?? {}) as Schema).filter(({ name }) => step.ask.includes(name));
    return (
      <fieldset key={step.name} style={{ border: 0, padding: 0, margin: '8px 0 0' }}>
        <legend>
          <Text size="sm" fw={500}>
            {step.title || step.name}
          </Text>
        </legend>
        {known.map((field) => {
          const value = parameters[step.name]?.[field.name] ?? step.parameters[field.name] ?? null;
          return (
            <FieldInput
              key={field.name}
              field={{ ...field, required: false }}
              value={value}
              onChange={(next) => setParameters((before) => ({ ...before, [step.name]: withValue(before[step.name] ?? {}, field, next) }))}
              faults={value === null ? {} : validate(field, value, field.name)}
              path={field.name}
              source={step.parameters[field.name] === undefined && value === null ? 'Left empty, the file or the recipe gives it.' : undefined}
            />
          );
        })}
      </fieldset>
    );
  });
  return { fields: asking.length > 0 ? fields : null, parameters };
}

/** What is emptied goes back to what the chain, the file or the recipe says. */
function withValue(values: Record<string, unknown>, { name }: Field, value: unknown): Record<string, unknown> {
  const rest = Object.fromEntries(Object.entries(values).filter(([one]) => one !== name));
  return value === null ? rest : { ...rest, [name]: value };
}
