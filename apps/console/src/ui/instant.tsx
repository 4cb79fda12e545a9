import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';

interface ZoneValue {
  readonly isUtc: boolean;
  toggle(): void;
}

const storageKey = 'sendoff-times';
const ZoneContext = createContext<ZoneValue>({ isUtc: false, toggle: () => undefined });

/** Lets the viewer choose between the own time zone and UTC. */
export function ZoneProvider({ children }: { readonly children: ReactNode }) {
  const [isUtc, setUtc] = useState(() => localStorage.getItem(storageKey) === 'utc');
  const value = useMemo(
    () => ({
      isUtc,
      toggle() {
        localStorage.setItem(storageKey, isUtc ? 'local' : 'utc');
        setUtc(!isUtc);
      },
    }),
    [isUtc],
  );
  return <ZoneContext value={value}>{children}</ZoneContext>;
}

/** The zone in which times are shown. */
export function useZone(): ZoneValue {
  return useContext(ZoneContext);
}

/** Reads an instant of the API. FunctionGraph's own records state UTC without a zone. */
export function instantOf(text: string): Date {
  return new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

/** Styles have no milliseconds, so each field is named. */
const exactFields = {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
} as const;

/** An instant in the zone of the viewer, or in UTC; with milliseconds if it is exact. */
export function instantText(at: Date, isUtc: boolean, isExact = false): string {
  const zone = isUtc ? { timeZone: 'UTC' } : {};
  const options = isExact
    ? ({ ...exactFields, ...zone } as const)
    : ({ dateStyle: 'medium', timeStyle: 'medium', ...zone } as const);
  return `${new Intl.DateTimeFormat(undefined, options).format(at)}${isUtc ? ' UTC' : ''}`;
}

/** An instant in the viewer's zone, with UTC under the pointer; or the other way round. */
export function Instant({ at, isExact = false }: { readonly at: string | undefined; readonly isExact?: boolean }) {
  const { isUtc } = useZone();
  if (at === undefined || at === '') return <>–</>;
  const instant = instantOf(at);
  if (Number.isNaN(instant.getTime())) return <>{at}</>;
  return (
    <time dateTime={instant.toISOString()} title={instantText(instant, !isUtc, isExact)}>
      {instantText(instant, isUtc, isExact)}
    </time>
  );
}
