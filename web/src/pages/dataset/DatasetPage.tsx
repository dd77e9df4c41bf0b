import { Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';

import { ApiError } from '@/api/errors';
import { datasetQuery } from '@/api/queries';
import type { DatasetOut } from '@/api/types';
import { DatasetMarks, OpenMark } from '@/components/marks';
import { Page } from '@/components/Page';
import { Failure } from '@/components/states';
import { AskAccess } from '@/pages/access/AskAccess';

import { Actions } from './Actions';
import { Contents } from './Contents';
import { Notes, Summary } from './Summary';
import { Panes } from './Panes';
import { SidePane } from './SidePane';
import { ViewerPane } from './ViewerPane';

const route = getRouteApi('/datasets/$pid');

export function DatasetPage() {
  const { pid } = route.useParams();
  const query = useQuery(datasetQuery(pid));
  if (!query.data) {
    return (
      <Page title={query.error ? 'Dataset' : 'Loading …'} crumbs={[{ label: pid }]} width="full">
        {query.error ? <Failure error={query.error} retry={() => void query.refetch()} /> : <PageSkeleton />}
        {query.error instanceof ApiError && (query.error.status === 404 || query.error.status === 403) && <AskAccess dataset={pid} />}
      </Page>
    );
  }
  // A new pid is a new dataset: nothing that was open in the old one's tree is kept.
  return <Loaded key={pid} dataset={query.data} />;
}

function Loaded({ dataset }: { dataset: DatasetOut }) {
  const { tab, path = defaultPath(dataset), ...rest } = route.useSearch();
  const navigate = route.useNavigate();
  const wide = useMediaQuery('(min-width: 1000px)', true, { getInitialValueInEffect: false });
  const text = JSON.stringify(rest);
  const viewer = useMemo(() => textOnly(JSON.parse(text) as typeof rest), [text]);
  const open = (next: string) => void navigate({ search: { tab, path: next } });
  return (
    <Page
      title={dataset.title}
      width="full"
      crumbs={[
        { label: dataset.proposal, to: `/proposals/${dataset.proposal}` },
        { label: dataset.title },
      ]}
      marks={
        <>
          <DatasetMarks card={dataset} />
          <OpenMark open={dataset.open} release={dataset.release_time} />
        </>
      }
      description={<Summary dataset={dataset} />}
      actions={<Actions dataset={dataset} path={path} slice={viewer.slice} />}
    >
      <Notes dataset={dataset} />
      <Panes
        wide={wide}
        contents={<Contents dataset={dataset} path={path} onOpen={open} />}
        viewer={
          <ViewerPane
            dataset={dataset}
            path={path}
            params={viewer}
            onPathChange={open}
            onParamsChange={(update, step) =>
              void navigate({
                search: ({ tab: sameTab, path: samePath, ...before }) => ({ ...update(textOnly(before)), tab: sameTab, path: samePath }),
                replace: !step,
                resetScroll: false,
              })
            }
          />
        }
        side={
          <SidePane
            dataset={dataset}
            tab={tab ?? 'info'}
            onTab={(next) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true })}
          />
        }
      />
    </Page>
  );
}

/** What is shown first: the default plot's signal, else the first array, else the entry. */
export function defaultPath(dataset: DatasetOut): string {
  const array = dataset.arrays.find(({ is_default: chosen }) => chosen);
  return dataset.plot?.signal ?? array?.path ?? dataset.arrays[0]?.path ?? dataset.entry_path;
}

function textOnly(search: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function PageSkeleton() {
  return (
    <div aria-busy="true" role="status" aria-label="Loading the dataset">
      <Skeleton height={18} width="50%" mb="lg" />
      <div style={{ display: 'grid', gridTemplateColumns: '1fr 3fr 1.3fr', gap: 12 }}>
        <Skeleton height={460} />
        <Skeleton height={460} />
        <Skeleton height={460} />
      </div>
    </div>
  );
}
