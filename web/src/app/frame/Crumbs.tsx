import { LinkPlain, Link } from '@/components/links';

import { useCrumbs } from '../crumbs';
import { useSession } from '../session';

import classes from './Frame.module.css';

export function Brand() {
  const facility = useSession()?.facility ?? 'PaN-DAaS';
  return (
    <LinkPlain to="/" className={classes.brand} aria-label={`${facility}, home`}>
      <img src="/favicon.svg" alt="" />
      <span className={classes.brandText}>{facility}</span>
    </LinkPlain>
  );
}

/** Facility / proposal / dataset. */
export function Crumbs() {
  const crumbs = useCrumbs();
  return (
    <nav aria-label="Where you are" style={{ minWidth: 0 }}>
      <ol className={classes.crumbs}>
        {crumbs.map(({ label, to }, index) => {
          const last = index === crumbs.length - 1;
          return (
            <li key={`${label}${String(index)}`}>
              <span className={classes.divider} aria-hidden>
                /
              </span>
              {to && !last ? (
                <Link to={to} c="dimmed" size="sm" underline="hover">
                  {label}
                </Link>
              ) : (
                <span aria-current={last ? 'page' : undefined} title={label}>
                  {label}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
