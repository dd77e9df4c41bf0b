import { IconChartLine, IconChevronRight, IconFolder, IconHash, IconLetterT, IconLinkOff, IconPhoto, IconStack2, IconStarFilled, IconTable } from '@tabler/icons-react';
import type { Icon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useId, useState } from 'react';

import { treeQuery } from '@/api/queries';
import type { DatasetOut, NodeOut } from '@/api/types';
import { shape } from '@/format';

import classes from './dataset.module.css';
import { moveInTree } from './treeKeys';

interface TreeProps {
  dataset: DatasetOut;
  path: string;
  onOpen: (path: string) => void;
}

interface TreeState {
  pid: string;
  selected: string;
  expanded: ReadonlySet<string>;
  toggle: (path: string, open?: boolean) => void;
  onOpen: (path: string) => void;
}

const TreeContext = createContext<TreeState | null>(null);

function useTree(): TreeState {
  const state = useContext(TreeContext);
  if (!state) throw new Error('TreeContext is missing');
  return state;
}

/** Contents as a tree; children are asked for when a group is opened. */
export function Tree({ dataset, path, onOpen }: TreeProps) {
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(() => new Set(['/', dataset.entry_path, ...ancestors(path)]));
  const toggle = (target: string, open = !expanded.has(target)) =>
    setExpanded((before) => {
      const next = new Set(before);
      if (open) next.add(target);
      else next.delete(target);
      return next;
    });
  const instead = useInsteadOfChildren(dataset.pid, '/');
  return (
    <TreeContext.Provider value={{ pid: dataset.pid, selected: path, expanded, toggle, onOpen }}>
      <div className={classes.tree}>
        {instead === null ? (
          <ul role="tree" aria-label="Contents">
            <Children path="/" depth={0} />
          </ul>
        ) : (
          <p role="status" className={classes.message}>
            {instead}
          </p>
        )}
      </div>
    </TreeContext.Provider>
  );
}

/** What is said where a group has no children to show (yet); null where it has. */
function useInsteadOfChildren(pid: string, path: string): string | null {
  const { data, error } = useQuery(treeQuery(pid, path));
  if (!data) return error ? error.message : 'Reading …';
  return (data.children ?? []).length === 0 ? 'Empty' : null;
}

const SHOWN = 300;

function Children({ path, depth }: { path: string; depth: number }) {
  const { pid } = useTree();
  const children = useQuery(treeQuery(pid, path)).data?.children ?? [];
  const instead = useInsteadOfChildren(pid, path);
  const [limit, setLimit] = useState(SHOWN);
  const indent = { paddingLeft: 10 + depth * 14 };
  if (instead !== null) {
    return (
      <li role="none" className={classes.message} style={indent}>
        {instead}
      </li>
    );
  }
  return (
    <>
      {children.slice(0, limit).map((node, index) => (
        <TreeNode key={node.path} node={node} depth={depth} position={index + 1} size={children.length} />
      ))}
      {children.length > limit && (
        <li role="none" style={indent}>
          <button type="button" className={classes.message} onClick={() => setLimit(limit + 1000)}>
            {String(children.length - limit)} more
          </button>
        </li>
      )}
    </>
  );
}

interface TreeNodeProps {
  node: NodeOut;
  depth: number;
  position: number;
  size: number;
}

function TreeNode({ node, depth, position, size }: TreeNodeProps) {
  const { selected, expanded, toggle, onOpen } = useTree();
  const group = node.kind === 'group';
  const open = group && expanded.has(node.path);
  const broken = node.kind === 'unresolved';
  const activate = () => {
    onOpen(node.path);
    if (group) toggle(node.path, node.path === selected ? undefined : true);
  };
  const groupId = useId();
  return (
    <li role="none">
      <div
        role="treeitem"
        className={classes.node}
        style={{ paddingLeft: 2 + depth * 14 }}
        aria-selected={node.path === selected}
        aria-expanded={group ? open : undefined}
        aria-owns={open ? groupId : undefined}
        aria-level={depth + 1}
        aria-posinset={position}
        aria-setsize={size}
        tabIndex={node.path === selected || (depth === 0 && position === 1) ? 0 : -1}
        data-selected={node.path === selected || undefined}
        data-broken={broken || undefined}
        data-path={node.path}
        title={node.target ? `${node.path} → ${node.target}` : node.path}
        onClick={activate}
        onKeyDown={(event) => moveInTree(event, { group, open, toggle: (value) => toggle(node.path, value), activate })}
      >
        <span className={classes.twist} data-open={open || undefined}>
          {group && <IconChevronRight size={13} stroke={2} aria-hidden />}
        </span>
        <KindIcon of={iconOf(node)} />
        <span className={classes.nodeName}>{node.name}</span>
        {node.is_default && <IconStarFilled size={11} className={classes.star} aria-label="Default plot" role="img" />}
        <span className={classes.nodeNote}>{note(node)}</span>
      </div>
      {open && (
        <ul role="group" id={groupId}>
          <Children path={node.path} depth={depth + 1} />
        </ul>
      )}
    </li>
  );
}

function KindIcon({ of: Shown }: { of: Icon }) {
  return <Shown size={15} stroke={1.6} style={{ flex: 'none' }} aria-hidden />;
}

function note(node: NodeOut): string {
  if (node.kind === 'group') return (node.nx_class ?? '').replace(/^NX/u, '');
  if (node.kind === 'unresolved') return 'link';
  return node.shape && node.shape.length > 0 ? shape(node.shape) : (node.unit ?? '');
}

function iconOf(node: NodeOut): Icon {
  if (node.kind === 'group') return IconFolder;
  if (node.kind === 'unresolved') return IconLinkOff;
  if (node.type_class === 'compound') return IconTable;
  if (node.type_class === 'string') return IconLetterT;
  return iconOfShape(node.shape ?? []);
}

function iconOfShape(dimensions: readonly number[]): Icon {
  if (dimensions.length === 0) return IconHash;
  if (dimensions.length === 1) return IconChartLine;
  return dimensions.length === 2 ? IconPhoto : IconStack2;
}

function ancestors(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

interface FilteredProps extends TreeProps {
  filter: string;
}

/** All arrays whose path holds every word of the filter. */
export function FilteredArrays({ dataset, filter, path, onOpen }: FilteredProps) {
  const words = filter.toLowerCase().split(/\s+/u).filter(Boolean);
  const found = dataset.arrays.filter((array) => words.every((word) => array.path.toLowerCase().includes(word)));
  return (
    <div className={classes.tree}>
      {found.length === 0 && <p className={classes.message}>No array has this in its path.</p>}
      <ul aria-label="Arrays found">
        {found.slice(0, SHOWN).map((array) => {
          return (
            <li key={array.path}>
              <button
                type="button"
                className={classes.node}
                style={{ width: '100%', border: 0, background: 'none', font: 'inherit', color: 'inherit', textAlign: 'left' }}
                data-selected={array.path === path || undefined}
                title={array.path}
                onClick={() => onOpen(array.path)}
              >
                <KindIcon of={iconOfShape(array.shape)} />
                <span className={classes.nodeName} dir="rtl">
                  <bdi>{array.path}</bdi>
                </span>
                <span className={classes.nodeNote}>{shape(array.shape)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
