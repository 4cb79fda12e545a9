import { useEffect, useRef, useState } from 'react';
import { useApi } from '../session/session-context.tsx';
import { followEvents, type LiveState, type Transition } from './follow-events.ts';

/** Changes of pages follow at most this often, however many transitions come, in milliseconds. */
const changeMs = 1_000;

interface LiveFilter {
  readonly requestId?: string;
  readonly functionName?: string;
}

/**
 * Follows transitions while the page is open, and gathers those that come within a second.
 * @param onChange gets the gathered transitions, oldest first; none if some were missed.
 */
export function useLive({ requestId, functionName }: LiveFilter, onChange: (gathered: readonly Transition[]) => void): LiveState {
  const api = useApi();
  const [state, setState] = useState<LiveState>('connecting');
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const ending = new AbortController();
    let gathered: Transition[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const change = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current(gathered);
        gathered = [];
      }, changeMs);
    };
    const filter = {
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(functionName === undefined ? {} : { function: functionName }),
    };
    const follower = {
      onTransition: (transition: Transition) => {
        gathered = [...gathered.slice(-99), transition];
        change();
      },
      onGap: change,
      onState: setState,
    };
    void followEvents(api, filter, follower, ending.signal);
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [api, requestId, functionName]);
  return state;
}
