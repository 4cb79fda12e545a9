/** The images that the node runs, as one archive. */
import { execFileSync } from 'node:child_process';
import { builtFolder } from '../chart/helm.ts';
import { imageOf, lackOfImages } from '../docker-images.ts';
import { pauseImage } from './node-files.ts';

const docker = (...args: readonly string[]) =>
  execFileSync('docker', args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DOCKER_BUILDKIT: '1' } });

/** The images of an installation, by names that need no registry. */
export const images = {
  product: 'sendoff-node/sendoff',
  tag: 'test',
  kafka: 'sendoff-node/kafka:test',
  postgresql: 'sendoff-node/postgresql:test',
  objectStore: 'sendoff-node/object-store:test',
} as const;

/** Why the images cannot be had, in words; undefined if they can. */
export const imagesMissing = async () => lackOfImages();

/** Builds the image of the product, unless `SENDOFF_IMAGE` names one. Saves it with all others. */
export async function saveImages(archive: string): Promise<void> {
  const product = `${images.product}:${images.tag}`;
  const built = process.env['SENDOFF_IMAGE'];
  const base = `NODE_IMAGE=${await imageOf('NODE_IMAGE')}`;
  if (built === undefined) docker('build', '--quiet', '--file', 'docker/Dockerfile', '--build-arg', base, '--tag', product, '.');
  else docker('tag', built, product);
  docker('tag', await imageOf('KAFKA_IMAGE'), images.kafka);
  docker('tag', await imageOf('POSTGRES_IMAGE'), images.postgresql);
  docker('tag', await imageOf('STORE_IMAGE'), images.objectStore);
  const program = execFileSync('tar', ['-c', '-C', builtFolder, 'pause'], { maxBuffer: 16 * 1_048_576 });
  execFileSync('docker', ['import', '--change', 'ENTRYPOINT ["/pause"]', '-', pauseImage], { input: program, stdio: 'pipe' });
  docker('save', '--output', archive, product, images.kafka, images.postgresql, images.objectStore, pauseImage);
}

/** Values of the chart that name these images. */
export const imageValues = [
  `image.repository=${images.product}`,
  `image.tag=${images.tag}`,
  `kafka.bundled.image=${images.kafka}`,
  `database.bundled.image=${images.postgresql}`,
  `objectStore.bundled.image=${images.objectStore}`,
];
