import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Volumes on the disk of the node, which has no other storage. Claims without a class get them. */
export function volumes(folder: string, count: number): readonly object[] {
  return Array.from({ length: count }, (_, index) => {
    const path = join(folder, 'volumes', String(index));
    mkdirSync(path);
    const isOnNode = { key: 'kubernetes.io/hostname', operator: 'In', values: ['node'] };
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${index}` },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '8Gi' },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [isOnNode] }] } },
      },
    };
  });
}
