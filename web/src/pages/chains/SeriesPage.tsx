import { Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';

import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { plural } from '@/format';
import { axisLabel } from '@/viewer/core/format';
import { MiniPlot } from '@/viewer/MiniPlot';

import { StateMark } from './marks';
import { curvesQuery, seriesQuery, type SeriesOut } from './queries';
import { numbers, stacked, telling } from './stacked';

const route = getRouteApi('/chains/series');
const ORDER = 'Order of measuring';

type Row = SeriesOut['rows'][number];

/** The results of a whole series: a scalar of each over time or a scanned parameter, and their curves as a waterfall. */
export function SeriesPage() {
  const query = useQuery(seriesQuery(route.useSearch()));
  return (
    <Page title="Series" description={query.data && `Results of ${plural(query.data.rows.length, 'measurement')}`} crumbs={[{ label: 'Chains', to: '/chains' }, { label: 'Series' }]}>
      <Loaded query={query} skeleton={<SkeletonRows rows={8} />}>
        {(table) => (table.rows.length === 0 ? <Empty title="No results yet">They appear here as runs of this series end.</Empty> : <Contents table={table} />)}
      </Loaded>
    </Page>
  );
}

function Contents({ table }: { table: SeriesOut }) {
  const { x, y } = route.useSearch();
  const navigate = route.useNavigate();
  const abscissa = table.parameters.some(({ name }) => name === x) ? x : undefined;
  const shown = table.results.find(({ name }) => name === y) ?? telling(table.results);
  const points = useMemo(() => pointsOf(table.rows, abscissa, shown?.name), [table.rows, abscissa, shown?.name]);
  const unit = table.parameters.find(({ name }) => name === abscissa)?.unit ?? null;
  return (
    <>
      <Group mb="md" gap="md">
        <SegmentedControl aria-label="Results of which step" size="xs" data={table.steps} value={table.step} onChange={(step) => void navigate({ search: (before) => ({ ...before, step, y: undefined }) })} />
      </Group>
      <Section title="Trend">
        <Group mb="xs">
          <Select label="Quantity" searchable allowDeselect={false} data={table.results.map(({ name }) => ({ value: name, label: inWords(name) }))} value={shown?.name ?? null} onChange={(name) => void navigate({ search: (before) => ({ ...before, y: name ?? undefined }) })} />
          <Select label="Over" searchable allowDeselect={false} data={[ORDER, ...table.parameters.map(({ name }) => ({ value: name, label: inWords(name) }))]} value={abscissa ?? ORDER} onChange={(name) => void navigate({ search: (before) => ({ ...before, x: name === ORDER ? undefined : (name ?? undefined) }) })} />
        </Group>
        {points.x.length > 1 ? (
          <MiniPlot x={points.x} y={points.y} xLabel={abscissa ? inWords(abscissa) : 'measurement'} xUnit={unit} counted={!abscissa} yLabel={inWords(shown?.name ?? '')} yUnit={shown?.unit ?? null} height={260} title={`${inWords(shown?.name ?? '')} over ${abscissa ? inWords(abscissa) : ORDER.toLowerCase()}`} />
        ) : (
          <Text size="sm" c="dimmed">
            A trend needs two results with this quantity.
          </Text>
        )}
      </Section>
      <Waterfall rows={table.rows} />
      <Section title="Measurements">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Measurement</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>{axisLabel(inWords(shown?.name ?? ''), shown?.unit)}</Table.Th>
              <Table.Th>Run</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {table.rows.map((row) => (
              <Table.Tr key={row.run}>
                <Table.Td>
                  <Link to="/datasets/$pid" params={{ pid: row.dataset }}>
                    {row.title}
                  </Link>
                </Table.Td>
                <Table.Td>
                  <StateMark state={row.state} />
                </Table.Td>
                <Table.Td>{shown && row.found[shown.name]?.toPrecision(5)}</Table.Td>
                <Table.Td>
                  <Link to="/chains/runs/$id" params={{ id: row.run }}>
                    {row.run}
                  </Link>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Section>
    </>
  );
}

/** The curves one above the other, the first at the bottom. */
function Waterfall({ rows }: { rows: Row[] }) {
  const pids = useMemo(() => rows.flatMap(({ result }) => result ?? []), [rows]);
  const found = useQuery(curvesQuery(pids)).data;
  const shifted = useMemo(() => (found ? stacked(found.y, found.y_scale === 'log') : []), [found]);
  const [lowest, ...others] = shifted;
  if (!found || !lowest) return null;
  const title = (index: number) => rows.find(({ result }) => result === found.pids[index])?.title ?? '';
  return (
    <Section title="Waterfall">
      <MiniPlot
        x={numbers(found.x)}
        y={lowest}
        more={others.map((y, index) => ({ y, title: title(index + 1) }))}
        xLabel={found.x_label}
        yLabel={found.y_label}
        xUnit={found.x_unit}
        yUnit={found.y_unit}
        xScale={found.x_scale}
        yScale={found.y_scale}
        height={420}
        title={plural(shifted.length, 'curve')}
      />
      <Text size="xs" c="dimmed">
        {others.length > 0 && (found.y_scale === 'log' ? 'Each is multiplied for sight; the first measurement is the lowest. ' : 'Shifted for sight; the first measurement is the lowest. ')}
        {found.resampled && 'Curves were interpolated onto the abscissa of the first. '}
        {found.left_out.length > 0 && `${plural(found.left_out.length, 'result')} cannot be drawn with the others.`}
      </Text>
    </Section>
  );
}

function pointsOf(rows: Row[], x: string | undefined, y: string | undefined): { x: number[]; y: number[] } {
  const points = rows.flatMap((row, index) => {
    const across = x === undefined ? index + 1 : row.set[x];
    const value = y === undefined ? undefined : row.found[y];
    return across === undefined || value === undefined ? [] : [[across, value] as const];
  });
  points.sort(([a], [b]) => a - b);
  return { x: points.map(([value]) => value), y: points.map(([, value]) => value) };
}

/** parameters.fitted_background → fitted background */
function inWords(name: string): string {
  return name.replace(/^(parameters|quality)\./, '').replaceAll('_', ' ');
}
