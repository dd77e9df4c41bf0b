import { IconFlaskOff, IconHandClick } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { datasetQuery, jobQuery, offersQuery } from '@/api/queries';
import type { JobPageOut, OfferOut } from '@/api/types';
import { Link, LinkButton } from '@/components/links';
import { Page } from '@/components/Page';
import { Empty, Failure, Loaded, Message, SkeletonRows } from '@/components/states';
import { plural } from '@/format';
import { FittingChains } from '@/pages/chains/FittingChains';

import { AnalyseForm } from './AnalyseForm';
import { RecipeCards } from './RecipeCards';

const route = getRouteApi('/analyse');

/** Choose a recipe that fits, fill in what it needs, run. With `repeats`, a job's recipe, inputs and parameters are taken over. */
export function AnalysePage() {
  const { dataset, repeats } = route.useSearch();
  const job = useQuery({ ...jobQuery(repeats ?? ''), enabled: repeats !== undefined });
  if (repeats !== undefined && !job.data) {
    return <Page title="Run again">{job.error ? <Failure error={job.error} /> : <SkeletonRows />}</Page>;
  }
  const pids = dataset ?? inputsOf(job.data);
  if (pids.length === 0) {
    return (
      <Page title="Analyse">
        <Message icon={IconHandClick} title="Choose what to analyse" actions={<LinkButton to="/search">Find data</LinkButton>}>
          Open a dataset and press Analyse, or choose several in the search.
        </Message>
      </Page>
    );
  }
  return <Analyse pids={pids} repeats={job.data} />;
}

/** What the job was about: its first slot. Masks, backgrounds and the like fill the others. */
function inputsOf(job: JobPageOut | undefined): string[] {
  const main = job?.inputs[0]?.slot;
  return job?.inputs.filter(({ slot, hidden }) => slot === main && !hidden).map(({ pid }) => pid) ?? [];
}

function Analyse({ pids, repeats }: { pids: string[]; repeats: JobPageOut | undefined }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const offers = useQuery(offersQuery(pids));
  const cards = useQueries({ queries: pids.slice(0, 3).map((pid) => datasetQuery(pid)) });
  const first = cards[0]?.data;
  const wanted = search.recipe ?? repeats?.recipe;
  const only = offers.data?.length === 1 ? offers.data[0] : undefined;
  const offer = offers.data?.find(({ recipe }) => recipe.id === wanted) ?? (wanted === undefined ? only : undefined);
  const several = (offers.data?.length ?? 0) > 1;
  return (
    <Page
      title={offer ? offer.recipe.title : 'Analyse'}
      description={
        <>
          {repeats ? 'The same again, with the inputs and parameters of the earlier run. ' : ''}
          {pids.length > 1 ? plural(pids.length, 'dataset') : (first?.title ?? '')}
          {offer && several && (
            <>
              {' · '}
              <Link to="/analyse" search={{ dataset: search.dataset, repeats: search.repeats }} inherit>
                choose another recipe
              </Link>
            </>
          )}
        </>
      }
      crumbs={[
        ...(first && pids.length === 1 ? [{ label: first.proposal, to: `/proposals/${first.proposal}` }, { label: first.title, to: `/datasets/${first.pid}` }] : []),
        { label: 'Analyse' },
      ]}
    >
      <Loaded query={offers} skeleton={<SkeletonRows rows={3} height={120} />}>
        {(list) => (
          <>
            {offer ? (
              <AnalyseForm key={offer.recipe.id} offer={offer} pids={pids} repeats={repeats} />
            ) : (
              <Choice offers={list} wanted={wanted} count={pids.length} choose={(recipe) => void navigate({ search: (before) => ({ ...before, recipe }) })} />
            )}
            {!repeats && <FittingChains pids={pids} offers={offer ? [offer] : list} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

interface ChoiceProps {
  offers: OfferOut[];
  wanted: string | undefined;
  count: number;
  choose: (recipe: string) => void;
}

function Choice({ offers, wanted, count, choose }: ChoiceProps) {
  if (offers.length === 0) {
    return (
      <Empty icon={IconFlaskOff} title={count > 1 ? 'No recipe takes all of these' : 'No recipe takes this dataset'} actions={<LinkButton to="/recipes" variant="default">See all recipes</LinkButton>}>
        Recipes say which techniques and arrays they accept. If one should fit, check the technique under Edit metadata, or ask the instrument&apos;s staff.
      </Empty>
    );
  }
  return (
    <>
      {wanted && <Message icon={IconFlaskOff} title={`“${wanted}” does not take ${count > 1 ? 'these datasets' : 'this dataset'}`}>These recipes do:</Message>}
      <RecipeCards offers={offers} choose={choose} />
    </>
  );
}
