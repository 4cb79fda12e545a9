import type { DescribedRoute } from './api-document.ts';

/**
 * Operations of the probes that every service has. Their controller is in another library and
 * declares none.
 */
export const probeRoutes: readonly DescribedRoute[] = [
  {
    method: 'get',
    path: '/healthz',
    operation: {
      id: 'healthz',
      tag: 'Probes',
      summary: 'Tells whether the process is alive.',
      isOpen: true,
      answer: { status: 200, example: { status: 'ok' } },
    },
  },
  {
    method: 'get',
    path: '/readyz',
    operation: {
      id: 'readyz',
      tag: 'Probes',
      summary:
        'Tells whether the service may be given work, which conditions do not hold, and how strong the walls of functions are.',
      isOpen: true,
      answer: { status: 200, example: { status: 'ready', failing: [], isolation: 'kernel' } },
      otherwise: { status: 503, example: { status: 'not ready', failing: ['kafka'], isolation: 'unknown' } },
    },
  },
  {
    method: 'get',
    path: '/metrics',
    operation: {
      id: 'metrics',
      tag: 'Probes',
      summary: 'Shows the metrics of the service, as Prometheus text.',
      isOpen: true,
      answer: {
        status: 200,
        mediaType: 'text/plain',
        example: '# TYPE sendoff_arrivals_total counter\nsendoff_arrivals_total{outcome="accepted"} 1\n',
      },
    },
  },
];
