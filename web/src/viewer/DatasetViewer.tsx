/** The viewer of a dataset: finds out what an array is, offers what can be shown of it, keeps its state in the page's hands. */

import { lazy, Suspense, useMemo, useState } from 'react';

import { linkTo } from './controls/CopyLink';
import { KeyHelp } from './controls/KeyHelp';
import { useViewerKeys, type ViewerCommand } from './controls/keys';
import { LinkNotice } from './controls/LinkNotice';
import { SliceSliders } from './controls/SliceSliders';
import { followedFirst } from './controls/Toolbar';
import { useFullScreen } from './controls/useFullScreen';
import { useOwnState } from './controls/useOwnState';
import { useSame, useSameList, useSteady } from './controls/useSteady';
import { isCompared, SelectionShown, ViewerBar } from './controls/ViewerBar';
import { usePlayback } from './controls/usePlayback';
import { Pace } from './core/pace';
import { defaultMapping, isValidMapping, safeSlice, selectionText, slicedDimensions, type DimensionMapping } from './core/selection';
import { misfits, words } from './core/fit';
import { STATE_KEYS, stateToParams, type Visualisation, type ViewerState } from './core/state';
import { defaultChild, signalOf, sourceFromNode, sourceFromRecord } from './data/plotContext';
import { RequestError } from './data/requests';
import { useAxes, useGeometry, useNode, usePlotContext } from './data/queries';
import type { ArraySource, DatasetOut, PlotContext } from './data/types';
import { PlotProblem } from './plots/PlotFrame';
import type { Chosen, FigureProvider, PlotProps } from './plots/props';
import { chooseVisualisation, supported } from './plots/registry';
import { useDescription } from './controls/useDescription';
import { middled, positionOf } from './volume/dimensions';
import { AttributesView } from './table/AttributesView';
import styles from './viewer.module.css';

import '@h5web/lib/styles.css';

export interface DatasetViewerProps {
  readonly dataset: DatasetOut;
  /** Inner path of what is on show. */
  readonly path: string;
  readonly onPathChange: (path: string) => void;
  readonly state: ViewerState;
  /** Names of what stands in the address and can't be understood. */
  readonly unread?: readonly string[];
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
}

const ImagePlot = lazy(() => import('./image/ImagePlot').then((module) => ({ default: module.ImagePlot })));
const CurvePlot = lazy(() => import('./curves/CurvePlot').then((module) => ({ default: module.CurvePlot })));
const ScatterPlot = lazy(() => import('./curves/ScatterPlot').then((module) => ({ default: module.ScatterPlot })));
const RgbPlot = lazy(() => import('./image/RgbPlot').then((module) => ({ default: module.RgbPlot })));
const ComparedImages = lazy(() => import('./compare/ComparedImages').then((module) => ({ default: module.ComparedImages })));
const SlicesPlot = lazy(() => import('./volume/SlicesPlot').then((module) => ({ default: module.SlicesPlot })));
const VolumePlot = lazy(() => import('./volume/VolumePlot').then((module) => ({ default: module.VolumePlot })));
const MatrixView = lazy(() => import('./table/MatrixView').then((module) => ({ default: module.MatrixView })));
const TableView = lazy(() => import('./table/TableView').then((module) => ({ default: module.TableView })));
const ThroughStrip = lazy(() => import('./through/ThroughStrip').then((module) => ({ default: module.ThroughStrip })));
const ValueView = lazy(() => import('./table/ValueView').then((module) => ({ default: module.ValueView })));

export function DatasetViewer({ dataset, path: wanted, onPathChange, state, unread = [], onStateChange }: DatasetViewerProps) {
  const asked = useNode(dataset, wanted);
  const instead = defaultPath(dataset);
  const lost = asked.error instanceof RequestError && asked.error.status === 404 && instead !== wanted;
  const path = lost ? instead : wanted;
  const place = useNode(dataset, path);
  // A group that is a plot shows its signal.
  const signal = place.data ? signalOf(place.data) : null;
  const shown = signal ?? path;
  const record = useMemo(() => sourceFromRecord(dataset, shown), [dataset, shown]);
  const node = useNode(dataset, shown);
  const fromTree = useMemo(() => (node.data ? sourceFromNode(dataset, node.data) : null), [dataset, node.data]);
  const source = fromTree ?? record;
  const plot = usePlotContext(dataset, source);

  if (source && plot) {
    return (
      <ArrayViewer
        key={shown}
        dataset={dataset}
        path={path}
        source={source}
        plot={plot}
        state={lost ? NOTHING : state}
        unread={unread}
        lostPath={lost ? wanted : null}
        onStateChange={onStateChange}
      />
    );
  }
  const next = node.data ? defaultChild(node.data) : null;
  return (
    <div className={styles.viewer}>
      {node.isError && <PlotProblem error={node.error} />}
      {node.data && !source && <AttributesView owner={dataset} node={node.data} suggestion={next} onPathChange={onPathChange} />}
      {!node.data && !node.isError && <div className={styles.skeleton} aria-busy="true" />}
    </div>
  );
}

const NOTHING: ViewerState = {};

/** The default plot's signal, else the first array, else the entry. */
function defaultPath({ plot, arrays, entry_path: entry }: DatasetOut): string {
  return plot?.signal ?? arrays.find(({ is_default: chosen }) => chosen)?.path ?? arrays[0]?.path ?? entry;
}

interface ArrayViewerProps extends Required<Omit<DatasetViewerProps, 'onPathChange'>> {
  readonly lostPath: string | null;
  readonly source: ArraySource;
  readonly plot: PlotContext;
}

/** How many dimensions a visualisation shows. */
const SHOWN: Partial<Record<Visualisation, 1 | 2>> = { line: 1, heatmap: 2, rgb: 2, matrix: 2 };

function mappingFor(vis: Visualisation, source: ArraySource, state: ViewerState): DimensionMapping | null {
  const shape = vis === 'rgb' ? source.shape.slice(0, -1) : source.shape;
  const rank = shape.length;
  const shown = SHOWN[vis];
  if (!shown) return null;
  const standard = defaultMapping(shape, rank === 1 ? 1 : shown);
  if (!standard) return null;
  const wanted = { x: state.x ?? standard.x, y: standard.y === null ? null : (state.y ?? standard.y) };
  return isValidMapping(wanted, rank) ? wanted : standard;
}

function ArrayViewer({ dataset, path, source, plot, unread, lostPath, ...page }: ArrayViewerProps) {
  const [state, setState] = useOwnState(page.state, page.onStateChange);
  const active = chooseVisualisation(source, plot, state.vis);
  const mapping = useMemo(
    () => mappingFor(active, source, { x: state.x, y: state.y }),
    [active, source, state.x, state.y],
  );
  const axes = useSameList(useAxes(source, plot));
  const slice = active === 'slices' ? positionOf(source.shape, state.slice) : safeSlice(source.shape, state.slice);
  const sliced = slicedBy(active, source, mapping);
  const onStateChange = useSteady((partial: Partial<ViewerState>) => {
    // Three slices begin in the middle of what the image showed, not at its edges.
    const before = partial.vis === 'slices' && mapping ? state.slice : undefined;
    const shown = mapping ? [mapping.x, mapping.y ?? mapping.x] : [];
    setState(before ? { ...partial, slice: middled(source.shape, before, shown) } : partial);
  });
  const selection = mapping ? selectionText(source.shape, mapping, slice) : null;
  const [epoch, setEpoch] = useState(0);
  const [figure, setFigure] = useState<FigureProvider | null>(null);
  const [help, setHelp] = useState(false);
  const [chosen, setChosen] = useState<Chosen>({});
  const screen = useFullScreen();
  const geometry = useGeometry(source, source.path, active === 'heatmap');
  const description = useDescription({ source, selection, active });

  const setIndex = useSteady((dimension: number, index: number) =>
    onStateChange({ slice: slice.map((before, d) => (d === dimension ? index : before)) }),
  );
  const [pace] = useState(() => new Pace());
  const playback = usePlayback(source.shape, slice, pace, setIndex);
  const first = sliced.find((dimension) => (source.shape[dimension] ?? 1) > 1);

  const run = useSteady((command: ViewerCommand) => {
    const moving = playback.playing ?? first;
    switch (command.kind) {
      case 'step':
        if (moving !== undefined) {
          const size = source.shape[moving] ?? 1;
          setIndex(moving, Math.min(Math.max((slice[moving] ?? 0) + command.by, 0), size - 1));
        }
        return;
      case 'play':
        if (moving !== undefined) playback.toggle(moving);
        return;
      case 'log':
        if (active === 'line') onStateChange({ yScale: (state.yScale ?? chosen.yScale) === 'log' ? 'linear' : 'log', zoom: undefined });
        else onStateChange({ scale: (state.scale ?? chosen.scale) === 'log' ? 'linear' : 'log', domain: undefined });
        return;
      case 'autoscale':
        onStateChange({ domain: undefined });
        setEpoch((before) => before + 1);
        return;
      case 'reset':
        onStateChange({ zoom: undefined });
        return;
      case 'mask':
        onStateChange({ mask: !(state.mask ?? true) });
        return;
      case 'profile':
      case 'region':
        if (active === 'heatmap') onStateChange({ panel: state.panel === command.kind ? undefined : command.kind });
        return;
      case 'through':
        if (active === 'heatmap' && first !== undefined) onStateChange({ follow: state.follow ? undefined : followedFirst(state) });
        return;
      case 'screen':
        screen.toggle();
        return;
      case 'describe':
        description.say();
        return;
      case 'help':
        setHelp((before) => !before);
    }
  });
  useViewerKeys(run);

  const possible = useSameList(supported(source, plot));
  const leftOut = words([...unread, ...misfits(page.state, source.shape, possible.map(({ id }) => id))]);
  const link = useSteady(() =>
    linkTo(window.location.href, path, STATE_KEYS, stateToParams({ ...chosen, ...defined(state), vis: active, slice: sliced.length > 0 ? slice : undefined })),
  );

  // All that the bar shows but what changes with every frame, so that it is not rendered for each.
  const settings = useSame({ ...chosen, ...defined({ ...state, slice: undefined }) });
  const props: PlotProps = {
    dataset,
    source,
    plot,
    axes,
    mapping: mapping ?? { x: 0, y: null },
    slice,
    state,
    onStateChange,
    epoch,
    onFigure: setFigure,
    onChosen: setChosen,
    pace,
  };
  return (
    <section className={styles.viewer} aria-label={`Viewer of ${source.path}`} data-full-screen={screen.active ? '' : undefined}>
      <SelectionShown.Provider value={selection}>
        <ViewerBar
          dataset={dataset}
          source={source}
          axes={axes}
          mapping={mapping}
          visualisations={possible}
          active={active}
          state={settings}
          hasGeometry={Boolean(geometry.data)}
          hasErrors={plot.errors !== null}
          isStack={first !== undefined}
          fullScreen={screen.active}
          figure={figure}
          link={link}
          onStateChange={onStateChange}
          onCommand={run}
        />
      </SelectionShown.Provider>
      <LinkNotice lostPath={lostPath} leftOut={leftOut} />
      {plot.title && plot.title !== dataset.title && (active === 'line' || active === 'heatmap') && <div className={styles.plotTitle}>{plot.title}</div>}
      <Suspense fallback={<div className={styles.skeleton} aria-busy="true" />}>
        <Plot active={active} {...props} />
      </Suspense>
      {active === 'heatmap' && mapping && state.follow && (
        <Suspense fallback={null}>
          <ThroughStrip
            dataset={dataset}
            source={source}
            axes={axes}
            mapping={mapping}
            sliced={sliced}
            slice={slice}
            state={state}
            follow={state.follow}
            onStateChange={onStateChange}
            onIndex={setIndex}
          />
        </Suspense>
      )}
      {sliced.length > 0 && <SliceSliders axes={axes} dimensions={sliced} slice={slice} onIndex={setIndex} playback={playback} />}
      <div className={styles.hidden} aria-live="polite">{description.text}</div>
      <KeyHelp opened={help} onClose={() => setHelp(false)} />
    </section>
  );
}

/** The dimensions that have a slider. */
function slicedBy(active: Visualisation, source: ArraySource, mapping: DimensionMapping | null): number[] {
  const rank = source.shape.length;
  if (active === 'slices') return Array.from({ length: rank }, (_, dimension) => dimension);
  if (active === 'volume') return Array.from({ length: Math.max(rank - 3, 0) }, (_, dimension) => dimension);
  return mapping ? slicedDimensions(rank - (active === 'rgb' ? 1 : 0), mapping) : [];
}

function Plot({ active, ...props }: PlotProps & { active: Visualisation }) {
  switch (active) {
    case 'heatmap':
      return isCompared(props.state) ? <ComparedImages {...props} /> : <ImagePlot {...props} />;
    case 'line':
      return <CurvePlot {...props} />;
    case 'scatter':
      return <ScatterPlot {...props} />;
    case 'rgb':
      return <RgbPlot {...props} />;
    case 'slices':
      return <SlicesPlot {...props} />;
    case 'volume':
      return <VolumePlot {...props} />;
    case 'matrix':
      return <MatrixView {...props} />;
    case 'table':
      return <TableView {...props} />;
    case 'value':
      return <ValueView {...props} />;
    case 'attributes':
      return <ArrayAttributes {...props} />;
  }
}

function ArrayAttributes({ source }: PlotProps) {
  const node = useNode(source, source.path);
  if (node.isError) return <PlotProblem error={node.error} />;
  return node.data ? <AttributesView owner={source} node={node.data} suggestion={null} onPathChange={() => undefined} /> : <div className={styles.skeleton} />;
}

/** The state without fields that are undefined. */
function defined(state: ViewerState): ViewerState {
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
}
