import { Link } from './links';
import { FORMATS_PAGE, aroundFormats } from './remedy';

/** What to do about an error; where it names the list of formats, that is a link to it. */
export function Remedy({ text }: { text: string }) {
  const parts = aroundFormats(text);
  if (!parts) return <>{text}</>;
  return (
    <>
      {parts.before}
      <Link to="/help/$" params={{ _splat: FORMATS_PAGE }} inherit>
        {parts.words}
      </Link>
      {parts.after}
    </>
  );
}
