import { Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';

import { Link } from '@/components/links';
import { Page, Section } from '@/components/Page';
import { Empty, Loaded, SkeletonRows } from '@/components/states';
import { MiniPlot } from '@/viewer/MiniPlot';

import classes from './chains.module.css';
import { StateMark } from './marks';
import { curvesQuery, seriesQuery, type SeriesOut } from './queries';

const route = getRouteApi('/chains/series');
const ORDER = 'Order of measuring';

type Row = SeriesOut['rows'][number];

/** The results of a whole series: a scalar of each over time or a scanned parameter, and their curves as a waterfall. */
export function SeriesPage() {
  const query = useQuery(seriesQuery(route.useSearch()));
  return (
    <Page title="Series" description={query.data && `Results of ${String(query.data.rows.length)} measurements`} crumbs={[{ label: 'Chains', to: '/chains' }, { label: 'Series' }]}>
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
  const shown = table.results.find(({ name }) => name === y) ?? table.results[0];
  const points = useMemo(() => pointsOf(table.rows, abscissa, shown?.name), [table.rows, abscissa, shown?.name]);
  const unit = table.parameters.find(({ name }) => name === abscissa)?.unit ?? null;
  return (
    <>
      <Group mb="md" gap="md">
        <SegmentedControl aria-label="Results of which step" size="xs" data={table.steps} value={table.step} onChange={(step) => void navigate({ search: (before) => ({ ...before, step, y: undefined }) })} />
      </Group>
      <Section title="Trend">
        <Group mb="xs">
          <Select label="Quantity" searchable allowDeselect={false} data={table.results.map(({ name }) => name)} value={shown?.name ?? null} onChange={(name) => void navigate({ search: (before) => ({ ...before, y: name ?? undefined }) })} />
          <Select label="Over" searchable allowDeselect={false} data={[ORDER, ...table.parameters.map(({ name }) => name)]} value={abscissa ?? ORDER} onChange={(name) => void navigate({ search: (before) => ({ ...before, x: name === ORDER ? undefined : (name ?? undefined) }) })} />
        </Group>
        {points.x.length > 1 ? (
          <MiniPlot x={points.x} y={points.y} xLabel={abscissa ?? 'measurement'} xUnit={unit} yLabel={shown?.name ?? ''} yUnit={shown?.unit ?? null} height={260} title={`${shown?.name ?? ''} over ${abscissa ?? ORDER.toLowerCase()}`} />
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
              <Table.Th>{shown?.name ?? ''}</Table.Th>
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
  const query = useQuery(curvesQuery(pids));
  const found = query.data;
  const paths = useMemo(() => (found ? pathsOf(found.x, found.y, found.x_scale === 'log', found.y_scale === 'log') : []), [found]);
  if (!found || paths.length === 0) return null;
  return (
    <Section title="Waterfall">
      <svg width="100%" viewBox={`0 0 ${String(PLOT.width)} ${String(PLOT.height)}`} role="img" aria-label={`${String(paths.length)} curves of ${found.y_label} over ${found.x_label}, one above the other`}>
        {paths.map((path, index) => (
          <path key={found.pids[index]} d={path} className={classes.curve} vectorEffect="non-scaling-stroke">
            <title>{rows.find(({ result }) => result === found.pids[index])?.title}</title>
          </path>
        ))}
      </svg>
      <Text size="xs" c="dimmed">
        {found.y_label} over {found.x_label}
        {found.x_scale === 'log' && ', logarithmic'}; shifted for sight, the first measurement is the lowest.
        {found.resampled && ' Curves were interpolated onto the abscissa of the first.'}
        {found.left_out.length > 0 && ` ${String(found.left_out.length)} results have no curve that can be drawn with the others.`}
      </Text>
    </Section>
  );
}

const PLOT = { width: 900, height: 420, margin: 10 };

function pathsOf(x: (number | null)[], y: (number | null)[][], logX: boolean, logY: boolean): string[] {
  const across = x.map((value) => scaled(value, logX));
  const values = y.map((row) => row.map((value) => scaled(value, logY)));
  const [left, right] = rangeOf(across);
  const spans = values.map(rangeOf);
  const span = Math.max(...spans.map(([low, high]) => high - low).filter(Number.isFinite)) || 1;
  const step = y.length > 1 ? span / y.length : 0;
  const lowest = Math.min(...spans.map(([low]) => low).filter(Number.isFinite));
  const whole = span + step * (y.length - 1) || 1;
  const inner = { width: PLOT.width - 2 * PLOT.margin, height: PLOT.height - 2 * PLOT.margin };
  return values.map((row, index) => {
    let pen = 'M';
    let path = '';
    row.forEach((value, at) => {
      const place = across[at];
      if (value === null || place === null || place === undefined) {
        pen = 'M';
        return;
      }
      const px = PLOT.margin + (inner.width * (place - left)) / (right - left || 1);
      const py = PLOT.height - PLOT.margin - (inner.height * (value - lowest + step * index)) / whole;
      path += `${pen}${px.toFixed(1)},${py.toFixed(1)}`;
      pen = 'L';
    });
    return path;
  });
}

function scaled(value: number | null, log: boolean): number | null {
  if (value === null || !log) return value;
  return value > 0 ? Math.log10(value) : null;
}

function rangeOf(values: (number | null)[]): [number, number] {
  const known = values.filter((value) => value !== null);
  return [Math.min(...known), Math.max(...known)];
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
