/**
 * The pages of the console, by the first part of their path. The ingress serves the console under
 * these paths and no others. So a mistake in a path of the API stays an error of the API.
 */
export const pages = [
  { path: 'functions', label: 'Functions' },
  { path: 'invocations', label: 'Invocations' },
] as const;
