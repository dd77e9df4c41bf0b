import { getRouteApi } from '@tanstack/react-router';

import { Page } from '@/components/Page';

import { SearchView } from './SearchView';

const route = getRouteApi('/search');

export function SearchPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Search" width="list">
      <SearchView
        address={search}
        onChange={(change) => void navigate({ search: (before) => ({ ...before, ...change }) })}
      />
    </Page>
  );
}
