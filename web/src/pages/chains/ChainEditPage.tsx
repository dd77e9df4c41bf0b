import { Button, FileButton, Group, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconArrowBackUp, IconDownload, IconFileUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useBlocker } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { api, body } from '@/api/client';
import { recipesQuery } from '@/api/queries';
import type { RecipeOut } from '@/api/types';
import { Link } from '@/components/links';
import { Page } from '@/components/Page';
import { ActionFailure, Loaded, SkeletonRows } from '@/components/states';
import { When } from '@/components/text';
import { saveText } from '@/viewer/figure/save';

import { ChainGraph } from './ChainGraph';
import { ChainSharing } from './ChainSharing';
import classes from './chains.module.css';
import { draftOf, levelsOf, NEW, slotFor, sourcesOf, titleOfPart, withSources, type Draft, type Fit } from './draft';
import { Findings } from './Findings';
import { PartList } from './PartList';
import { chainQuery, chainsQuery, connectionsQuery, findingsQuery, type ChainPageOut } from './queries';

const route = getRouteApi('/chains/edit');
const PAUSE_MS = 300;

/** A chain composed in the page: a new one, one of one's own, or a copy of any that one may use. */
export function ChainEditPage() {
  const { chain, number } = route.useSearch();
  const saved = useQuery({ ...chainQuery(chain ?? '', number), enabled: chain !== undefined });
  const recipes = useQuery(recipesQuery);
  const fit = useQuery(connectionsQuery);
  const title = chain === undefined ? 'New chain' : (saved.data?.title ?? 'Chain');
  const crumbs = [{ label: 'Chains', to: '/chains' }, { label: title }];
  if (chain !== undefined && !saved.data) {
    return (
      <Page title={title} crumbs={crumbs}>
        <Loaded query={saved} skeleton={<SkeletonRows rows={8} />}>
          {() => null}
        </Loaded>
      </Page>
    );
  }
  if (!recipes.data || !fit.data) {
    return (
      <Page title={title} crumbs={crumbs}>
        <Loaded query={recipes} skeleton={<SkeletonRows rows={8} />}>
          {() => <Loaded query={fit} skeleton={<SkeletonRows rows={8} />}>{() => null}</Loaded>}
        </Loaded>
      </Page>
    );
  }
  return <Editor key={`${chain ?? ''} ${String(number ?? '')}`} saved={saved.data} recipes={recipes.data} fit={fit.data} title={title} />;
}

interface EditorProps {
  saved: ChainPageOut | undefined;
  recipes: RecipeOut[];
  fit: Fit;
  title: string;
}

function Editor({ saved, recipes, fit, title }: EditorProps) {
  const first = useMemo(() => (saved ? draftOf(saved.definition) : NEW), [saved]);
  const [draft, setDraft] = useState(first);
  const [before, setBefore] = useState<Draft[]>([]);
  const [chosen, setChosen] = useState<string | null>(first.inputs[0]?.name ?? null);
  const [asked] = useDebouncedValue(draft, PAUSE_MS);
  const check = useQuery(findingsQuery(asked));
  const findings = check.data ?? [];
  const levels = useMemo(() => levelsOf(draft), [draft]);
  const changed = JSON.stringify(draft) !== JSON.stringify(first);
  const mine = saved?.may_change === true;

  /** Words are typed letter by letter: only changes of what the chain does can be taken back one by one. */
  const change = (next: Draft) => {
    if (next.steps !== draft.steps || next.inputs.length !== draft.inputs.length) setBefore([...before.slice(-49), draft]);
    setDraft(next);
  };
  const undo = () => {
    const last = before.at(-1);
    if (!last) return;
    setDraft(last);
    setBefore(before.slice(0, -1));
  };
  const titleOfRecipe = (id: string) => recipes.find((one) => one.id === id)?.title ?? id;
  const takes = (from: string, to: string) => {
    const step = draft.steps.find(({ name }) => name === to);
    const recipe = recipes.find(({ id }) => id === step?.recipe);
    return step && recipe ? slotFor(draft, from, to, recipe, fit) : undefined;
  };
  const connect = (from: string, to: string) => {
    const slot = takes(from, to);
    if (slot === undefined) return;
    const recipe = recipes.find(({ id }) => id === draft.steps.find(({ name }) => name === to)?.recipe);
    const single = recipe?.inputs.find(({ name }) => name === slot)?.maximum === 1;
    change(withSources(draft, to, slot, single ? [from] : [...sourcesOf(draft, to, slot), from]));
    setChosen(to);
  };
  return (
    <Page
      title={draft.title.trim() === '' ? title : draft.title}
      crumbs={[{ label: 'Chains', to: '/chains' }, { label: title }]}
      description={saved ? <About saved={saved} /> : 'It is private until you share it.'}
      actions={<Actions draft={draft} saved={saved} changed={changed} wrong={findings.some(({ serious }) => serious)} load={(next) => change(next)} undo={before.length > 0 ? undo : undefined} />}
    >
      <Group align="flex-start" grow mb="md">
        <TextInput label="Name" required value={draft.title} error={faultOf(findings, 'title', draft.title !== first.title)} onChange={(event) => change({ ...draft, title: event.currentTarget.value })} maxLength={200} />
        <Textarea label="What it is for" autosize minRows={1} value={draft.summary} onChange={(event) => change({ ...draft, summary: event.currentTarget.value })} maxLength={2000} />
      </Group>
      <div className={classes.editor}>
        <div className={classes.drawing}>
          <ChainGraph
            inputs={draft.inputs.map((one) => ({ name: one.name, title: titleOfPart(draft, one.name) }))}
            steps={draft.steps.map((step) => ({ name: step.name, title: step.title || titleOfRecipe(step.recipe), detail: step.name, level: levels.get(step.name) ?? 0, inputs: step.inputs }))}
            editing={{ chosen, choose: setChosen, fits: (from, to) => takes(from, to) !== undefined, connect, wrong: new Set(findings.flatMap(({ step, serious }) => (step !== null && serious ? [step] : []))) }}
          />
          <Text size="xs" c="dimmed" mb="md">
            Choose a box to change it; pull from the dot below a box to the step that takes its result. The list does the same by keyboard.
          </Text>
          <Findings findings={findings} pending={check.isFetching || asked !== draft} choose={setChosen} empty={draft.steps.length === 0} />
          <ActionFailure error={check.error} />
          {saved && mine && <ChainSharing chain={saved} />}
        </div>
        <PartList draft={draft} change={change} chosen={chosen} choose={setChosen} recipes={recipes} fit={fit} findings={findings} />
      </div>
    </Page>
  );
}

function faultOf(findings: readonly { field: string; message: string }[], field: string, touched: boolean): string | undefined {
  return touched ? findings.find((one) => one.field === field)?.message : undefined;
}

function About({ saved }: { saved: ChainPageOut }) {
  return (
    <>
      Version {String(saved.number)} {saved.owner ? `by ${saved.owner}` : 'came with the platform'}
      {saved.may_change ? '' : ': saved as a copy of your own'}
      {saved.versions.length > 1 && (
        <>
          {' · earlier: '}
          {saved.versions
            .filter(({ number }) => number !== saved.number)
            .slice(0, 5)
            .map(({ number, created }, index) => (
              <span key={number}>
                {index > 0 && ', '}
                <Link to="/chains/edit" search={{ chain: saved.id, number }} inherit>
                  {String(number)}
                </Link>{' '}
                (<When at={created} />)
              </span>
            ))}
        </>
      )}
    </>
  );
}

interface ActionsProps {
  draft: Draft;
  saved: ChainPageOut | undefined;
  changed: boolean;
  wrong: boolean;
  load: (draft: Draft) => void;
  undo: (() => void) | undefined;
}

function Actions({ draft, saved, changed, wrong, load, undo }: ActionsProps) {
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const mine = saved?.may_change === true;
  const save = useMutation({
    mutationFn: (copy: boolean) => {
      const definition = { definition: { ...draft } };
      return saved && mine && !copy
        ? body(api.PUT('/api/v1/chains/{chain_id}', { params: { path: { chain_id: saved.id } }, body: definition }))
        : body(api.POST('/api/v1/chains', { body: definition }));
    },
    onSuccess: async (page) => {
      queries.setQueryData(chainQuery(page.id).queryKey, page);
      notifications.show({ message: `“${page.title}” is saved, version ${String(page.number)}.`, color: 'green' });
      await Promise.all([queries.invalidateQueries({ queryKey: chainsQuery.queryKey, exact: true }), navigate({ search: { chain: page.id }, ignoreBlocker: true })]);
    },
  });
  const download = useMutation({
    mutationFn: () => body(api.POST('/api/v1/chains/toml', { body: { definition: { ...draft } } })),
    onSuccess: ({ text }) => saveText(text, `${draft.title.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-').replace(/^-|-$/gu, '') || 'chain'}.toml`, 'application/toml'),
  });
  const read = useMutation({
    mutationFn: async (file: File) => body(api.POST('/api/v1/chains/read', { body: { text: await file.text() } })),
    onSuccess: ({ definition }) => load(draftOf(definition)),
  });
  useBlocker({ shouldBlockFn: () => !window.confirm('Leave without saving this chain?'), disabled: !changed || save.isPending, enableBeforeUnload: changed });
  return (
    <>
      <Button variant="subtle" leftSection={<IconArrowBackUp size={16} />} disabled={!undo} onClick={undo}>
        Undo
      </Button>
      <FileButton accept=".toml" onChange={(file) => file && read.mutate(file)}>
        {(props) => (
          <Button {...props} variant="default" leftSection={<IconFileUpload size={16} />} loading={read.isPending}>
            Open TOML
          </Button>
        )}
      </FileButton>
      <Button variant="default" leftSection={<IconDownload size={16} />} loading={download.isPending} onClick={() => download.mutate()}>
        Download TOML
      </Button>
      {mine && (
        <Button variant="default" disabled={wrong} loading={save.isPending && save.variables} onClick={() => save.mutate(true)}>
          Save as a copy
        </Button>
      )}
      <Button disabled={wrong || (mine && !changed)} loading={save.isPending && !save.variables} onClick={() => save.mutate(false)}>
        {mine ? `Save version ${String((saved.versions[0]?.number ?? saved.number) + 1)}` : saved ? 'Save as a copy' : 'Save'}
      </Button>
      <ActionFailure error={save.error ?? download.error ?? read.error} />
    </>
  );
}
