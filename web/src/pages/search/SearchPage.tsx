import { IconBinaryTree } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';

import { LinkButton } from '@/components/links';
import { Page } from '@/components/Page';

import { SearchView } from './SearchView';

const route = getRouteApi('/search');

export function SearchPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title="Search"
      width="list"
      actions={
        <LinkButton to="/browse" variant="subtle" size="xs" leftSection={<IconBinaryTree size={16} />}>
          Browse
        </LinkButton>
      }
    >
      <SearchView
        address={search}
        empty={{ title: 'Nothing here yet', text: 'What is measured, uploaded or ingested is found here. Data of teams you are not in are never shown.' }}
        onChange={(change) => void navigate({ search: (before) => ({ ...before, ...change }) })}
      />
    </Page>
  );
}
