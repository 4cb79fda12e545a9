import { Inject } from '@nestjs/common';
import { type FunctionDocument, type Invocation, parseFunctionUrn, type RedriveSelection } from '#contracts';
import { type AcceptedEvent, isMadeAnew } from '#lifecycle';
import { Registry } from '#registry';
import { type Home, HOME } from '../names/home.ts';

/** The reason of an event whose function was removed, and made anew under its name. */
export const functionMadeAnew = 'function-made-anew';

/** An event, as its record or only the status store shows it. */
type KnownEvent = AcceptedEvent & Pick<Invocation, 'functionUrn'>;

/** Tells functions from their namesakes: those that were made anew under the same name. */
export class Namesakes {
  constructor(
    @Inject(Registry) private readonly registry: Pick<Registry, 'functionByUrn' | 'versionByUrn'>,
    @Inject(HOME) private readonly home: Home,
  ) {}

  /** The function that has the name now; undefined if none has it. */
  functionNamed(functionUrn: string): FunctionDocument | undefined {
    const urn = parseFunctionUrn(functionUrn, this.home);
    return urn === undefined ? undefined : this.registry.functionByUrn(urn);
  }

  /**
   * Returns {@link functionMadeAnew} if the event would run on a namesake, and the selection does
   * not ask for that. The status store knows no ids, so an event from there is judged by its time.
   */
  refusal(event: KnownEvent, { mayBeMadeAnew = false }: RedriveSelection): string | undefined {
    const urn = mayBeMadeAnew ? undefined : parseFunctionUrn(event.functionUrn, this.home);
    const fn = urn === undefined ? undefined : this.registry.functionByUrn(urn);
    if (fn === undefined || urn === undefined) return undefined;
    return isMadeAnew(event, { function: fn, version: this.registry.versionByUrn(urn) }) ? functionMadeAnew : undefined;
  }
}
