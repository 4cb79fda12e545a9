/** The images that tests with Docker need, and whether this machine has them. Tests pull none. */
import { readFile } from 'node:fs/promises';
import { getContainerRuntimeClient, ImageName } from 'testcontainers';

/** The images that Dockerfile and compose file name. `NODE_IMAGE` and its kin replace them. */
async function namedImages(): Promise<readonly { readonly variable: string; readonly image: string }[]> {
  const files = await Promise.all([readFile('docker/Dockerfile', 'utf8'), readFile('docker/compose.yaml', 'utf8')]);
  const named = files.join('\n').matchAll(/(?:ARG (\w+)=|\$\{(\w+):-)([a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64})/g);
  return [...named].map(([, argument = '', variable = argument, image = '']) => ({
    variable,
    image: process.env[variable] ?? image,
  }));
}

/**
 * @param variables names the images that are needed, as `NODE_IMAGE`. Default: all.
 * @returns in words what cannot be had here; undefined when all is there.
 */
export async function lackOfImages(variables?: readonly string[]): Promise<string | undefined> {
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (client === undefined) return 'Docker is not there';
  const needed = (await namedImages()).filter(({ variable }) => variables?.includes(variable) ?? true);
  for (const { image } of needed)
    if (!(await client.image.exists(ImageName.fromString(image)))) return `the image ${image} is not on this machine`;
  return undefined;
}

/** The image that a variable of the compose file or the Dockerfile stands for. */
export async function imageOf(variable: string): Promise<string> {
  const found = (await namedImages()).find((named) => named.variable === variable);
  if (found === undefined) throw new Error(`no file names an image by ${variable}`);
  return found.image;
}
