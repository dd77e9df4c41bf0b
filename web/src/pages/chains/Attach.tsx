import { Button, Group, NumberInput, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { api, body } from '@/api/client';
import { instrumentsQuery } from '@/api/queries';
import { ActionFailure } from '@/components/states';

import { EVERYTHING, PredicateForm, predicateOf } from './PredicateForm';
import { chainsQuery } from './queries';

/** Lets a published chain run on every new measurement of an instrument that a rule accepts; one of both is given. */
export function Attach({ instrument, chain }: { instrument?: string; chain?: string }) {
  const queries = useQueryClient();
  const chains = (useQuery(chainsQuery).data ?? []).filter(({ sharing }) => sharing === 'published');
  const places = (useQuery(instrumentsQuery).data ?? []).filter(({ is_staff }) => is_staff);
  const [chosen, setChosen] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [rule, setRule] = useState(EVERYTHING);
  const [atOnce, setAtOnce] = useState<number | string>(2);
  const [perDay, setPerDay] = useState<number | string>('');
  const where = instrument ?? chosen;
  const which = chain ?? chosen;
  const attach = useMutation({
    mutationFn: ({ name, id }: { name: string; id: string }) =>
      body(
        api.POST('/api/v1/instruments/{name}/chains', {
          params: { path: { name } },
          body: { chain: id, predicate: predicateOf(rule), parameters: {}, enabled: true, at_once: Number(atOnce) || 2, ...(perDay !== '' && { per_day: Number(perDay) }) },
        }),
      ),
    onSuccess: async (_, { name }) => {
      const title = places.find((place) => place.name === name)?.title ?? name;
      notifications.show({ message: `It runs by itself on new measurements of ${title}.`, color: 'green' });
      setChosen(null);
      setOpen(false);
      await Promise.all([queries.invalidateQueries({ queryKey: ['instruments'] }), queries.invalidateQueries({ queryKey: chainsQuery.queryKey })]);
    },
  });
  const data = instrument ? chains.map(({ id, title }) => ({ value: id, label: title })) : places.map(({ name, title }) => ({ value: name, label: title }));
  return (
    <form
      aria-label="Run by itself"
      onSubmit={(event) => {
        event.preventDefault();
        if (where && which) attach.mutate({ name: where, id: which });
      }}
    >
      <Group mt="md" align="end">
        <Select
          label={instrument ? 'Let a chain run on every new measurement' : 'Let it run on every new measurement of'}
          placeholder={instrument ? 'Published chain' : 'Instrument'}
          data={data}
          value={chosen}
          onChange={(value) => {
            setChosen(value);
            setOpen(value !== null);
          }}
        />
        {!open && (
          <Button type="submit" variant="light" disabled={!where || !which} loading={attach.isPending}>
            Attach
          </Button>
        )}
      </Group>
      {open && (
        <>
          <PredicateForm value={rule} onChange={setRule} />
          <Group align="end" mt="xs">
            <NumberInput label="Runs at once" min={1} max={1000} value={atOnce} onChange={setAtOnce} w={130} />
            <NumberInput label="Most runs in a day" placeholder="no limit" min={1} value={perDay} onChange={setPerDay} w={170} />
            <Button type="submit" loading={attach.isPending}>
              Attach
            </Button>
          </Group>
        </>
      )}
      <ActionFailure error={attach.error} />
    </form>
  );
}
