import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { PayloadView } from '../payload/payload-view.tsx';
import { QueryView } from '../ui/query-view.tsx';
import { sizeText } from '../ui/sizes.ts';
import { type BucketObject, useReadObject } from './content-queries.ts';
import { shownBytesMax, textOf } from './object-text.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function Content({ text, isCut }: { readonly text: string | undefined; readonly isCut: boolean }) {
  if (text === undefined) return <Text size="sm">This object holds no text. Download it to use it.</Text>;
  if (!isCut && isJson(text)) return <PayloadView payload={text} label="Object" />;
  return (
    <Stack gap="sm">
      <pre className="block" tabIndex={0} aria-label="Object">
        {text}
      </pre>
      {isCut && <Text size="sm">These are the first {sizeText(shownBytesMax)}. Download the object to see all of it.</Text>}
    </Stack>
  );
}

interface ObjectViewProps {
  readonly bucket: string;
  readonly of: BucketObject;
}

/** The beginning of an object, as text whatever it holds. */
export function ObjectView({ bucket, of: { key, bytes } }: ObjectViewProps) {
  const read = useReadObject(bucket);
  const query = useQuery({
    queryKey: ['object', bucket, key],
    queryFn: async ({ signal }) => {
      const beginning = await read(key, { firstBytes: shownBytesMax, signal });
      const isCut = bytes > beginning.size;
      return { text: textOf(new Uint8Array(await beginning.arrayBuffer()), isCut) ?? null, isCut };
    },
  });
  return <QueryView query={query}>{({ text, isCut }) => <Content text={text ?? undefined} isCut={isCut} />}</QueryView>;
}
