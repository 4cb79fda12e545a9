import { TextLink } from '../ui/text-link.tsx';
import { shortId } from './short-id.ts';

interface RequestLinkProps {
  readonly urn: string;
  readonly requestId: string;
}

/** The begin of a request id, which leads to its invocation. The whole id is under the pointer. */
export function RequestLink({ urn, requestId }: RequestLinkProps) {
  return (
    <TextLink href={`/invocations/${encodeURIComponent(urn)}/${requestId}`}>
      <span className="code" title={requestId}>
        {shortId(requestId)}
      </span>
    </TextLink>
  );
}
