import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { QueryCache, MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type Api, apiOf } from '../api/client.ts';
import { asProblem } from '../api/problem.ts';
import { forgetSession, type Session, storedSession, storeSession } from './session.ts';

interface SessionValue {
  readonly session: Session | undefined;
  /** The API refused the credentials after the login. Pages stay as they are meanwhile. */
  readonly isExpired: boolean;
  logIn(session: Session, isRemembered: boolean): void;
  logOut(): void;
}

const SessionContext = createContext<SessionValue | undefined>(undefined);

/** A second try helps where the server was away; all else is shown at once. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  return failures < 2 && asProblem(error).kind === 'away';
}

function newQueryClient(onError: (error: unknown) => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    // `always`: the browser's idea of being offline says nothing about a server on this machine.
    defaultOptions: {
      queries: { retry: isWorthRetrying, staleTime: 5_000, networkMode: 'always' },
      mutations: { networkMode: 'always' },
    },
  });
}

/** Holds the login, and the cache of answers that belongs to it. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [session, setSession] = useState(storedSession);
  const [isExpired, setExpired] = useState(false);
  const queryClient = useMemo(
    () =>
      newQueryClient((error) => {
        if (asProblem(error).kind === 'expired') setExpired(true);
      }),
    [],
  );
  const value = useMemo<SessionValue>(
    () => ({
      session,
      isExpired,
      logIn(next, isRemembered) {
        storeSession(next, isRemembered);
        // Another project has other functions: nothing of the old one may be shown.
        if (next.project !== session?.project) queryClient.clear();
        setSession(next);
        setExpired(false);
        void queryClient.invalidateQueries();
      },
      logOut() {
        forgetSession();
        queryClient.clear();
        setSession(undefined);
        setExpired(false);
      },
    }),
    [session, isExpired, queryClient],
  );
  return (
    <SessionContext value={value}>
      <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
    </SessionContext>
  );
}

/** The login of this tab. */
export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (value === undefined) throw new Error('useSession needs a SessionProvider');
  return value;
}

/** The API with the credentials of this tab. Pages behind the login use it. */
export function useApi(): Api {
  const { session } = useSession();
  if (session === undefined) throw new Error('useApi needs a login');
  return useMemo(() => apiOf(session), [session]);
}
