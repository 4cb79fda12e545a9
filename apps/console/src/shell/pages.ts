/**
 * The pages of the console, by the first part of their path, in groups of the navigation. The
 * build tells the ingress these paths, and it serves the console under no others. So a mistake in a
 * path of the API stays an error of the API.
 */
export const pageGroups = [
  {
    label: 'Run',
    pages: [
      { path: 'overview', label: 'Overview' },
      { path: 'functions', label: 'Functions' },
      { path: 'invocations', label: 'Invocations' },
      { path: 'ledger', label: 'Ledger' },
      { path: 'delays', label: 'Delays' },
    ],
  },
  {
    label: 'Deliver',
    pages: [
      { path: 'notices', label: 'Notices' },
      { path: 'targets', label: 'Targets' },
      { path: 'topics', label: 'Topics' },
      { path: 'buckets', label: 'Buckets' },
      { path: 'streams', label: 'Streams' },
      { path: 'redrives', label: 'Redrives' },
    ],
  },
  {
    label: 'Plan',
    pages: [{ path: 'simulator', label: 'Simulator' }],
  },
  {
    label: 'Access',
    pages: [
      { path: 'keys', label: 'Keys' },
      { path: 'agencies', label: 'Agencies' },
      { path: 'audit', label: 'Audit log' },
    ],
  },
] as const;
