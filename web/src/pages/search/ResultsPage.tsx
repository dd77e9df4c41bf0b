import { getRouteApi } from '@tanstack/react-router';

import { Page } from '@/components/Page';

import { SearchView } from './SearchView';

const route = getRouteApi('/results');

/** Everything that analyses made: the search, fixed to results, newest first. */
export function ResultsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Results" width="list" description="What analyses made: viewed, analysed and traced like any measurement.">
      <SearchView
        address={{ ...search, sort: search.sort ?? 'newest', kind: ['derived'] }}
        hidden={['kind']}
        empty={{ title: 'No results yet', text: 'Open a measurement and press “Analyse”: what it makes is kept here.' }}
        onChange={(change) => void navigate({ search: (before) => ({ ...before, ...change }) })}
      />
    </Page>
  );
}
