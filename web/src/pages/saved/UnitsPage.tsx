import { Select, SimpleGrid } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { preferencesQuery } from '@/api/queries';
import type { PreferencesOut } from '@/api/types';
import { Page } from '@/components/Page';
import { ActionFailure, Loaded } from '@/components/states';

/** The unit in which each kind of quantity is shown; searches compare in SI whatever is chosen. */
export function UnitsPage() {
  const query = useQuery(preferencesQuery);
  return (
    <Page title="Units" width="normal" description="Numbers are shown to you in these units. Files and searches are not changed by it: a search compares in SI, whatever unit was stored or typed.">
      <Loaded query={query}>{(preferences) => <Choices preferences={preferences} />}</Loaded>
    </Page>
  );
}

function Choices({ preferences: { units } }: { preferences: PreferencesOut }) {
  const queries = useQueryClient();
  const keep = useMutation({
    mutationFn: (chosen: string[]) => body(api.PATCH('/api/v1/preferences', { body: { units: chosen } })),
    onSuccess: (kept) => {
      queries.setQueryData(preferencesQuery.queryKey, kept);
      void queries.invalidateQueries({ queryKey: ['search'] });
      void queries.invalidateQueries({ queryKey: ['dataset'] });
    },
  });
  const choose = (si: string, unit: string | null) =>
    keep.mutate(units.flatMap((one) => (one.si_unit === si ? unit : one.chosen) ?? []));
  return (
    <>
      <ActionFailure error={keep.error} />
      <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
        {units
          .filter((one) => one.units.length > 1)
          .map((one) => (
            <Select
              key={one.si_unit}
              label={one.units.slice(0, 4).join(', ')}
              placeholder="as stored"
              clearable
              data={one.units}
              value={one.chosen}
              onChange={(unit) => choose(one.si_unit, unit)}
            />
          ))}
      </SimpleGrid>
    </>
  );
}
