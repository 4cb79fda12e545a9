import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../session/session-context.tsx';
import { type InvocationFilter, type InvocationRecord, pageRecords, pageQuery } from './queries.ts';

interface RecordPages {
  /** The record at a row; undefined until its page has come. */
  recordAt(row: number): InvocationRecord | undefined;
}

/** Pages that are watched at once: the view spans at most two. */
const pagesMax = 3;

/** Loads the pages of records that the table shows, as rows come into view. */
export function useRecordPages(filter: InvocationFilter): RecordPages {
  const api = useApi();
  const [wanted, setWanted] = useState<readonly number[]>([0]);
  const answers = useQueries({ queries: wanted.map((page) => pageQuery(api, filter, page)) });
  return {
    recordAt(row) {
      const page = Math.floor(row / pageRecords);
      const at = wanted.indexOf(page);
      if (at < 0)
        queueMicrotask(() => setWanted((before) => (before.includes(page) ? before : [...before, page].slice(-pagesMax))));
      return answers[at]?.data?.invocations[row % pageRecords];
    },
  };
}
