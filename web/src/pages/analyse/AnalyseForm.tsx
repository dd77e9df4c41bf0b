import { Button, Stack, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';

import { ApiError } from '@/api/errors';
import type { JobPageOut, OfferOut } from '@/api/types';
import { ParameterForm } from '@/form/ParameterForm';
import { fieldsOf, initialOf, type Field, type Schema } from '@/form/schema';
import { validateAll, type Faults } from '@/form/validate';

import classes from './analyse.module.css';
import { RecipeFacts } from './RecipeCards';
import { RunBox, type Computer } from './RunBox';
import { Slot } from './Slot';
import { initialSlots, slotFault } from './slots';
import { useStart } from './useStart';

const Markdown = lazy(() => import('@/components/Markdown'));

interface AnalyseFormProps {
  offer: OfferOut;
  pids: readonly string[];
  repeats: JobPageOut | undefined;
}

/** The form at the left; inputs, destination and Run at the right. */
export function AnalyseForm({ offer, pids, repeats }: AnalyseFormProps) {
  const { recipe } = offer;
  const fields = useMemo(() => fieldsOf(recipe.parameter_schema as Schema), [recipe.parameter_schema]);
  const defaults = useMemo(() => defaultsOf(fields, offer), [fields, offer]);
  const [values, setValues] = useState<Record<string, unknown>>(() => ({ ...defaults, ...repeats?.parameters }));
  const [slots, setSlots] = useState(() => initialSlots(offer, repeats));
  const [proposal, setProposal] = useState<string | null>(null);
  const [computer, setComputer] = useState<Computer>(() => ({ cores: repeats?.cores ?? null, time_limit_s: repeats?.time_limit_s ?? null, engine: repeats?.engine ?? null, gpu: true }));
  const [asked, setAsked] = useState(false);
  const start = useStart();
  const main = recipe.inputs[0]?.name;
  const each = recipe.selection === 'each' && pids.length > 1;
  const slotFaults = Object.fromEntries(recipe.inputs.map((slot) => [slot.name, slotFault(slot, slots[slot.name] ?? [], each && slot.name === main)]));
  const here = validateAll(fields, values);
  const faults: Faults = { ...(asked ? here : boundsOnly(here)), ...serverFault(start.error, fields) };
  const refusedSlot = serverFault(start.error, recipe.inputs);
  const ready = Object.keys(here).length === 0 && Object.values(slotFaults).every((fault) => fault === null);
  const set = (name: string, value: unknown) => {
    if (start.error) start.reset();
    setValues((before) => ({ ...before, [name]: value }));
  };
  const run = () => {
    setAsked(true);
    if (!ready) {
      window.setTimeout(focusFault, 0);
      return;
    }
    start.mutate({
      recipe: recipe.id,
      version: recipe.version,
      inputs: Object.fromEntries(Object.entries(slots).map(([name, items]) => [name, items.map(({ pid }) => pid)])),
      parameters: changedFrom(fields, values),
      ...(proposal && { proposal }),
      ...computer,
      ...(repeats && { repeats: repeats.id }),
    });
  };
  return (
    <div className={classes.layout}>
      <form
        noValidate
        aria-label="Parameters"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <Text size="sm">{recipe.summary}</Text>
        <RecipeFacts recipe={recipe} />
        <div style={{ height: 16 }} />
        {fields.length === 0 ? (
          <Text size="sm" c="dimmed">
            This recipe has no parameters.
          </Text>
        ) : (
          <ParameterForm fields={fields} values={values} onChange={set} faults={faults} sourceOf={(field) => <Source field={field} offer={offer} value={values[field.name]} former={repeats?.parameters[field.name]} reset={set} />} />
        )}
        {recipe.readme && (
          <details>
            <summary style={{ cursor: 'pointer', fontSize: 'var(--mantine-font-size-sm)', padding: '8px 0' }}>What this recipe does, and its limits</summary>
            <Suspense fallback={<Text size="sm">Loading …</Text>}>
              <Markdown text={recipe.readme} />
            </Suspense>
          </details>
        )}
        {/* Enter in a field runs the analysis, as in every form. */}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
      <aside className={classes.aside} aria-label="Inputs and run">
        <Stack gap="xs" className={classes.inputs}>
          {recipe.inputs.map((slot) => (
            <Slot
              key={slot.name}
              slot={slot}
              items={slots[slot.name] ?? []}
              suggestions={offer.suggestions[slot.name] ?? []}
              proposed={offer.proposed[slot.name] ?? null}
              limit={each && slot.name === main ? null : slot.maximum}
              fault={(asked || slot.minimum === 0 ? slotFaults[slot.name] : null) ?? refusedSlot?.[slot.name] ?? null}
              onChange={(items) => {
                if (start.error) start.reset();
                setSlots((before) => ({ ...before, [slot.name]: items }));
              }}
            />
          ))}
        </Stack>
        <RunBox
          offer={offer}
          jobs={each ? (slots[main ?? '']?.length ?? 1) : 1}
          proposal={proposal}
          onProposal={setProposal}
          computer={computer}
          onComputer={setComputer}
          run={run}
          busy={start.isPending}
          error={serverFault(start.error, [...fields, ...recipe.inputs]) ? null : start.error}
          wrong={asked && !ready}
        />
      </aside>
    </div>
  );
}

function defaultsOf(fields: readonly Field[], offer: OfferOut): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, offer.defaults[field.name]?.value ?? initialOf(field)]));
}

/** Only what differs from the recipe's own defaults travels; the server fills in the rest and records all of it. */
function changedFrom(fields: readonly Field[], values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    fields.filter((field) => JSON.stringify(values[field.name]) !== JSON.stringify(field.default)).map(({ name }) => [name, values[name]]),
  );
}

/** Before the first Run a field left empty is no fault yet; a number out of bounds is. */
function boundsOnly(faults: Faults): Faults {
  return Object.fromEntries(Object.entries(faults).filter(([, text]) => !text.endsWith('is needed.')));
}

/** What the server refused, where it names one of these fields or inputs. */
function serverFault(error: Error | null, fields: readonly { name: string }[]): Faults | null {
  if (!(error instanceof ApiError) || !error.field) return null;
  const [name] = error.field.split('.');
  if (!fields.some((field) => field.name === name)) return null;
  return { [error.field]: [error.message, error.remedy].filter(Boolean).join(' ') };
}

function focusFault(): void {
  const fault = document.querySelector<HTMLElement>('[data-field][aria-invalid="true"], [data-missing] button');
  fault?.focus();
  fault?.scrollIntoView({ block: 'center' });
}

interface SourceProps {
  field: Field;
  offer: OfferOut;
  value: unknown;
  /** What the run that is repeated had. */
  former: unknown;
  reset: (name: string, value: unknown) => void;
}

/** Where the value comes from; a changed one can be taken back. */
function Source({ field, offer, value, former, reset }: SourceProps) {
  const known = offer.defaults[field.name];
  const initial = known?.value ?? initialOf(field);
  if (JSON.stringify(value ?? null) !== JSON.stringify(initial ?? null)) {
    return (
      <>
        {former !== undefined && JSON.stringify(value) === JSON.stringify(former) ? 'as in the earlier run' : 'changed by you'}{' '}
        <Button variant="subtle" size="compact-xs" leftSection={<IconArrowBackUp size={12} />} onClick={() => reset(field.name, initial)}>
          take back
        </Button>
      </>
    );
  }
  return known && known.source !== 'recipe default' ? <>{known.source}</> : null;
}
