/** Every page and its address. Pages are loaded when first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { Failure } from '@/components/states';
import { NotFoundPage } from '@/pages/NotFoundPage';

import { countOf, flagOf, listOf, oneOf, parseAddress, textOf, writeAddress, type RawSearch } from './address';
import { Frame } from './frame/Frame';
import { LostPart } from './LostPart';
import { isLostPart } from './lost-part';

/** Nothing in an address is required. */
const may = <T extends object>(values: T): Partial<T> => values;

const root = createRootRoute({ component: Frame, notFoundComponent: NotFoundPage });

export const SORTS = ['relevance', 'newest', 'oldest', 'title', 'size'] as const;
export const DATASET_TABS = ['info', 'metadata', 'files', 'notes', 'history', 'access', 'versions'] as const;

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/home/HomePage'), 'HomePage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: RawSearch) => may({ next: localOnly(textOf(raw, 'next')) }),
  component: lazyRouteComponent(() => import('@/pages/SignInPage'), 'SignInPage'),
});

/** Filters of a list of datasets, as the search and result pages have them. */
function searchOf(raw: RawSearch) {
  return may({
    q: textOf(raw, 'q'),
    facility: listOf(raw, 'facility'),
    instrument: listOf(raw, 'instrument'),
    technique: listOf(raw, 'technique'),
    proposal: listOf(raw, 'proposal'),
    year: listOf(raw, 'year'),
    kind: listOf(raw, 'kind'),
    sort: oneOf(raw, 'sort', SORTS),
    page: countOf(raw, 'page'),
    view: oneOf(raw, 'view', ['tiles']),
    column: listOf(raw, 'column'),
  });
}

export type SearchAddress = ReturnType<typeof searchOf>;

const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import('@/pages/search/SearchPage'), 'SearchPage'),
});

const saved = createRoute({
  getParentRoute: () => root,
  path: '/saved',
  validateSearch: (raw: RawSearch) => may({ open: countOf(raw, 'open') }),
  component: lazyRouteComponent(() => import('@/pages/saved/SavedPage'), 'SavedPage'),
});

const browse = createRoute({
  getParentRoute: () => root,
  path: '/browse',
  component: lazyRouteComponent(() => import('@/pages/search/BrowsePage'), 'BrowsePage'),
});

const collections = createRoute({
  getParentRoute: () => root,
  path: '/collections',
  component: lazyRouteComponent(() => import('@/pages/saved/CollectionsPage'), 'CollectionsPage'),
});

const collection = createRoute({
  getParentRoute: () => root,
  path: '/collections/$id',
  component: lazyRouteComponent(() => import('@/pages/saved/CollectionPage'), 'CollectionPage'),
});

const publications = createRoute({
  getParentRoute: () => root,
  path: '/publications',
  component: lazyRouteComponent(() => import('@/pages/publications/PublicationsPage'), 'PublicationsPage'),
});

const publication = createRoute({
  getParentRoute: () => root,
  path: '/publications/$pid',
  validateSearch: (raw: RawSearch) => may({ page: countOf(raw, 'page') }),
  component: lazyRouteComponent(() => import('@/pages/publications/PublicationPage'), 'PublicationPage'),
});

const units = createRoute({
  getParentRoute: () => root,
  path: '/units',
  component: lazyRouteComponent(() => import('@/pages/saved/UnitsPage'), 'UnitsPage'),
});

const results = createRoute({
  getParentRoute: () => root,
  path: '/results',
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import('@/pages/search/ResultsPage'), 'ResultsPage'),
});

const proposals = createRoute({
  getParentRoute: () => root,
  path: '/proposals',
  validateSearch: (raw: RawSearch) => may({ all: flagOf(raw, 'all'), filter: textOf(raw, 'filter') }),
  component: lazyRouteComponent(() => import('@/pages/proposals/ProposalsPage'), 'ProposalsPage'),
});

const proposal = createRoute({
  getParentRoute: () => root,
  path: '/proposals/$name',
  component: lazyRouteComponent(() => import('@/pages/proposals/ProposalPage'), 'ProposalPage'),
});

const logbook = createRoute({
  getParentRoute: () => root,
  path: '/proposals/$name/logbook',
  validateSearch: (raw: RawSearch) => may({ q: textOf(raw, 'q') }),
  component: lazyRouteComponent(() => import('@/pages/proposals/LogbookPage'), 'LogbookPage'),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$pid',
  // Everything else in the address belongs to the viewer, which reads and writes it as text.
  validateSearch: (raw: RawSearch): { tab?: (typeof DATASET_TABS)[number] | undefined; path?: string | undefined } & Record<string, string | undefined> => ({
    ...viewerState(raw),
    tab: oneOf(raw, 'tab', DATASET_TABS),
    path: textOf(raw, 'path'),
  }),
  component: lazyRouteComponent(() => import('@/pages/dataset/DatasetPage'), 'DatasetPage'),
});

const analyse = createRoute({
  getParentRoute: () => root,
  path: '/analyse',
  validateSearch: (raw: RawSearch) => may({
    dataset: listOf(raw, 'dataset'),
    recipe: textOf(raw, 'recipe'),
    repeats: textOf(raw, 'repeats'),
  }),
  component: lazyRouteComponent(() => import('@/pages/analyse/AnalysePage'), 'AnalysePage'),
});

const JOB_FILTERS = ['active', 'succeeded', 'failed'] as const;

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: (raw: RawSearch) => may({
    show: oneOf(raw, 'show', JOB_FILTERS),
    all: flagOf(raw, 'all'),
    recipe: textOf(raw, 'recipe'),
    proposal: textOf(raw, 'proposal'),
    page: countOf(raw, 'page'),
  }),
  component: lazyRouteComponent(() => import('@/pages/jobs/JobsPage'), 'JobsPage'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  validateSearch: (raw: RawSearch) => may({ tab: oneOf(raw, 'tab', ['log', 'details']) }),
  component: lazyRouteComponent(() => import('@/pages/jobs/JobPage'), 'JobPage'),
});

const chains = createRoute({
  getParentRoute: () => root,
  path: '/chains',
  component: lazyRouteComponent(() => import('@/pages/chains/ChainsPage'), 'ChainsPage'),
});

const chainEdit = createRoute({
  getParentRoute: () => root,
  path: '/chains/edit',
  validateSearch: (raw: RawSearch) => may({ chain: textOf(raw, 'chain'), number: countOf(raw, 'number') }),
  component: lazyRouteComponent(() => import('@/pages/chains/ChainEditPage'), 'ChainEditPage'),
});

const chainRun = createRoute({
  getParentRoute: () => root,
  path: '/chains/runs/$id',
  component: lazyRouteComponent(() => import('@/pages/chains/ChainRunPage'), 'ChainRunPage'),
});

const chainSeries = createRoute({
  getParentRoute: () => root,
  path: '/chains/series',
  validateSearch: (raw: RawSearch) => may({
    series: textOf(raw, 'series'),
    chain: textOf(raw, 'chain'),
    attachment: countOf(raw, 'attachment'),
    step: textOf(raw, 'step'),
    x: textOf(raw, 'x'),
    y: textOf(raw, 'y'),
  }),
  component: lazyRouteComponent(() => import('@/pages/chains/SeriesPage'), 'SeriesPage'),
});

const sessions = createRoute({
  getParentRoute: () => root,
  path: '/sessions',
  validateSearch: (raw: RawSearch) => may({ all: flagOf(raw, 'all') }),
  component: lazyRouteComponent(() => import('@/pages/sessions/SessionsPage'), 'SessionsPage'),
});

const workSession = createRoute({
  getParentRoute: () => root,
  path: '/sessions/$id',
  component: lazyRouteComponent(() => import('@/pages/sessions/SessionPage'), 'SessionPage'),
});

const recipes = createRoute({
  getParentRoute: () => root,
  path: '/recipes',
  component: lazyRouteComponent(() => import('@/pages/RecipesPage'), 'RecipesPage'),
});

const software = createRoute({
  getParentRoute: () => root,
  path: '/software',
  component: lazyRouteComponent(() => import('@/pages/software/SoftwarePage'), 'SoftwarePage'),
});

const upload = createRoute({
  getParentRoute: () => root,
  path: '/upload',
  validateSearch: (raw: RawSearch) => may({ proposal: textOf(raw, 'proposal') }),
  component: lazyRouteComponent(() => import('@/pages/upload/UploadPage'), 'UploadPage'),
});

const instruments = createRoute({
  getParentRoute: () => root,
  path: '/instruments',
  component: lazyRouteComponent(() => import('@/pages/instrument/InstrumentsPage'), 'InstrumentsPage'),
});

const instrument = createRoute({
  getParentRoute: () => root,
  path: '/instruments/$name',
  component: lazyRouteComponent(() => import('@/pages/instrument/InstrumentPage'), 'InstrumentPage'),
});

const quarantine = createRoute({
  getParentRoute: () => root,
  path: '/quarantine',
  component: lazyRouteComponent(() => import('@/pages/QuarantinePage'), 'QuarantinePage'),
});

const operator = createRoute({
  getParentRoute: () => root,
  path: '/operator',
  component: lazyRouteComponent(() => import('@/pages/operator/OperatorPage'), 'OperatorPage'),
});

const operatorSessions = createRoute({
  getParentRoute: () => root,
  path: '/operator/sessions',
  component: lazyRouteComponent(() => import('@/pages/operator/SessionsPage'), 'SessionsPage'),
});

const help = createRoute({ getParentRoute: () => root, path: '/help' });

const helpIndex = createRoute({
  getParentRoute: () => help,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/help/HelpIndexPage'), 'HelpIndexPage'),
});

const helpPage = createRoute({
  getParentRoute: () => help,
  path: '$',
  component: lazyRouteComponent(() => import('@/pages/help/HelpPage'), 'HelpPage'),
});

const review = createRoute({
  getParentRoute: () => root,
  path: '/review',
  component: lazyRouteComponent(() => import('@/pages/access/ReviewPage'), 'ReviewPage'),
});

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('@/pages/sessions/JoinPage'), 'JoinPage'),
});

const visit = createRoute({
  getParentRoute: () => root,
  path: '/visit',
  component: lazyRouteComponent(() => import('@/pages/sessions/VisitPage'), 'VisitPage'),
});

const support = createRoute({
  getParentRoute: () => root,
  path: '/support',
  validateSearch: (raw: RawSearch) => may({ box: oneOf(raw, 'box', ['inbox']), whose: oneOf(raw, 'whose', ['mine', 'unassigned']), closed: flagOf(raw, 'closed') }),
  component: lazyRouteComponent(() => import('@/pages/support/SupportPage'), 'SupportPage'),
});

const helpRequest = createRoute({
  getParentRoute: () => root,
  path: '/support/$id',
  component: lazyRouteComponent(() => import('@/pages/support/RequestPage'), 'RequestPage'),
});

const requests = createRoute({
  getParentRoute: () => root,
  path: '/requests',
  component: lazyRouteComponent(() => import('@/pages/access/RequestsPage'), 'RequestsPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyRouteComponent(() => import('@/pages/access/AuditPage'), 'AuditPage'),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  component: lazyRouteComponent(() => import('@/pages/TokensPage'), 'TokensPage'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('@/pages/account/AccountPage'), 'AccountPage'),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  path: '/signed-in/$provider',
  validateSearch: (raw: RawSearch) => may({
    state: textOf(raw, 'state'),
    code: textOf(raw, 'code'),
    error: textOf(raw, 'error'),
    error_description: textOf(raw, 'error_description'),
    iss: textOf(raw, 'iss'),
  }),
  component: lazyRouteComponent(() => import('@/pages/account/ReturnPage'), 'ReturnPage'),
});

const link = createRoute({
  getParentRoute: () => root,
  path: '/link',
  component: lazyRouteComponent(() => import('@/pages/account/LinkPage'), 'LinkPage'),
});

const signedOut = createRoute({
  getParentRoute: () => root,
  path: '/signed-out',
  component: lazyRouteComponent(() => import('@/pages/account/SignedOutPage'), 'SignedOutPage'),
});

const device = createRoute({
  getParentRoute: () => root,
  path: '/device',
  validateSearch: (raw: RawSearch) => may({ code: textOf(raw, 'code') }),
  component: lazyRouteComponent(() => import('@/pages/account/DevicePage'), 'DevicePage'),
});

const tree = root.addChildren([
  home, signIn, search, saved, browse, collections, collection, publications, publication, units, results, proposals, proposal, logbook, dataset, analyse, jobs, job, chains, chainEdit, chainRun, chainSeries, sessions, workSession, recipes, software, upload, instruments, instrument,
  quarantine, operator, operatorSessions, help.addChildren([helpIndex, helpPage]), tokens, review, join, visit, requests, support, helpRequest, audit, account,
  signedIn, link, signedOut, device,
]);

export const router = createRouter({
  routeTree: tree,
  parseSearch: parseAddress,
  stringifySearch: writeAddress,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: ({ error, reset }) => (isLostPart(error) ? <LostPart /> : <Failure error={error} retry={reset} />),
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/** After signing in only addresses of this site are followed. */
export function localOnly(next: string | undefined): string | undefined {
  return next && /^\/(?![/\\])/u.test(next) ? next : undefined;
}

function viewerState(raw: RawSearch): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(raw).map((key) => [key, textOf(raw, key)]));
}
